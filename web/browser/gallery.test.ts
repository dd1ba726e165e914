import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, place } from "./harness";
import { type Site, startSite } from "./site";

const OUT = new URL("./.out/gallery/", import.meta.url).pathname;
const visit = openBrowser();
let site: Site;

beforeAll(async () => {
  const web = new URL("../", import.meta.url).pathname;
  await build({
    root: `${web}browser/gallery`,
    configFile: `${web}vite.config.ts`,
    publicDir: `${web}public`,
    logLevel: "error",
    build: { outDir: OUT, emptyOutDir: true },
  });
  site = await startSite({ url: place().gateway }, "/", OUT);
});
afterAll(() => site?.stop());

const gallery = (search: string, look = {}) =>
  visit(search, { ...look, root: site.url, stranger: true });

describe.each(LOOKS)("components, $name", (look) => {
  it.each(["table", "charts", "forms", "parts"])("%s", async (tab) => {
    const page = await gallery(`?tab=${tab}&model=openai/gpt-4o,!x&range=7d`, look);
    if (tab === "charts") await page.locator("canvas").nth(1).waitFor();
    if (tab === "parts") await page.getByRole("alert").waitFor();
    await page.check();
    await page.shot(`gallery-${tab}-${look.name}`);
  });

  it("a row that is open", async () => {
    const page = await gallery("?open=gen-000003", look);
    await page.getByRole("dialog").waitFor();
    await page.check();
    await page.shot(`gallery-sheet-${look.name}`);
  });
});

describe("a table of 10,000 rows", () => {
  it("has few of them in the document, and the last one at its end", async () => {
    const page = await gallery("");
    const rows = page.getByRole("row");
    expect(await rows.count()).toBeLessThan(60);
    await page.getByRole("table", { name: "Requests" }).evaluate((table) => {
      table.scrollTop = table.scrollHeight;
    });
    await page.locator('[aria-rowindex="10001"]').waitFor();
    expect(await rows.count()).toBeLessThan(60);
  });

  it("is walked by keys in the order shown, and what is open follows", async () => {
    const page = await gallery("");
    for (const key of ["j", "j", "k", "j", "j"]) await page.keyboard.press(key);
    expect(
      await page.locator('[role=row][aria-current="true"]').getAttribute("aria-rowindex"),
    ).toBe("4");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(new URL(page.url()).searchParams.get("open")).toBe("gen-000002");
    await page.keyboard.press("j");
    await page.waitForURL((url) => url.searchParams.get("open") === "gen-000003");
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.searchParams.has("open"));
  });
});

describe("filters", () => {
  it("are typed, suggested, turned round and taken away", async () => {
    const page = await gallery("");
    await page.keyboard.press("/");
    await page.keyboard.type("mod");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("option", { name: /gpt-4o-mini/ }).click();
    await page.waitForURL((url) => url.searchParams.get("model") === "openai/gpt-4o-mini");
    await page.getByTitle("Turn round").click();
    await page.waitForURL((url) => url.searchParams.get("model") === "!openai/gpt-4o-mini");
    await page.getByRole("combobox", { name: "Filter" }).fill("gen-12");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("q") === "gen-12");
    await page.getByRole("button", { name: "Clear all" }).click();
    await page.waitForURL((url) => url.search === "");
  });

  it("have a range, today first", async () => {
    const page = await gallery("");
    await page.keyboard.press("t");
    expect(
      await page.getByRole("dialog", { name: "Range" }).getByRole("button").first().innerText(),
    ).toBe("Today");
    await page.getByRole("button", { name: "Last 7 days" }).click();
    await page.waitForURL((url) => url.searchParams.get("range") === "7d");
  });
});

describe("choices", () => {
  it("keep focus in the field while a value is found by typing", async () => {
    const page = await gallery("?tab=forms");
    const field = page.getByRole("combobox", { name: "Providers" });
    await field.click();
    await page.keyboard.type("azu");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove Azure" }).waitFor();
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
  });

  it("hold destruction back until the name is typed", async () => {
    const page = await gallery("");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    const button = page.getByRole("button", { name: "Delete key" });
    expect(await button.isDisabled()).toBe(true);
    await page.getByLabel("Type app-1 to go on").fill("app-1");
    await page.check();
    await button.click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });
});

it("a chart can be read as a table", async () => {
  const page = await gallery("?tab=charts");
  await page.getByRole("button", { name: "Spend by hour as table" }).click();
  await page.getByRole("table", { name: "Spend by hour" }).waitFor();
  await page.check();
});

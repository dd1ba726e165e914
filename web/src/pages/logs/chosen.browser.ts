import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, type Visit, type VisitOptions } from "#browser/harness";
import { startWorld, type World } from "#browser/world";

const open = openBrowser();
let world: World;
const visit = (path: string, options: VisitOptions = {}) =>
  open(path, { ...options, root: world.url });

beforeAll(async () => {
  world = await startWorld();
  for (const user of ["ada", "bob", "eve"]) await world.call("acme/helper", { user });
  // What these two find is the same, whatever became of the others' providers meanwhile.
  for (let call = 0; call < 2; call++) {
    await world.call("acme/helper", { user: "pinned", provider: { only: ["third"] } });
  }
  await world.call("acme/broken", { user: "=unlucky, she" });
}, 60_000);
afterAll(() => world?.stop());

interface Row {
  id: string;
}

const idsOf = async (query = "") =>
  (await world.api<{ data: Row[] }>("GET", `/logs${query}`)).data.map(({ id }) => id);

const calls = (page: Visit) => page.getByRole("table", { name: "Calls" });
const chosen = (page: Visit) => page.getByRole("region", { name: "Chosen calls" });
const picked = (page: Visit) => new URL(page.url()).searchParams.get("pick");

async function saved(
  page: Visit,
  act: () => Promise<unknown>,
): Promise<{ name: string; text: string }> {
  const coming = page.waitForEvent("download");
  await act();
  const file = await coming;
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
}

describe.each(LOOKS)("calls that are chosen, $name", (look) => {
  it("are in the address, and two of them are compared", async () => {
    const [failed] = await idsOf("?status=error");
    const [helped] = await idsOf("?user=ada");
    const page = await visit("/logs", look);
    await calls(page).waitFor();
    await page.getByRole("checkbox", { name: `Choose ${helped}` }).check();
    await chosen(page).getByText("1 chosen").waitFor();
    expect(await chosen(page).getByRole("button", { name: "Compare two" }).isDisabled()).toBe(true);
    await page.getByRole("checkbox", { name: `Choose ${failed}` }).check();
    await page.waitForURL((url) => url.searchParams.get("pick") === `${helped},${failed}`);
    expect(new URL(page.url()).searchParams.has("open")).toBe(false);
    await page.check();
    await page.shot(`logs-chosen-${look.name}`);
    await chosen(page).getByRole("link", { name: "Compare" }).click();
    await page.getByText("A was answered by Second, B by nobody.").waitFor();
    expect(new URL(page.url()).pathname).toBe("/logs/compare");
    await page.getByText("A asked for acme/helper, B for acme/broken.").waitFor();
    await page.check();
    await page.shot(`logs-compare-${look.name}`);
  });
});

describe("comparing", () => {
  it("says why two calls of one model went to different providers, and swaps them", async () => {
    const [[ada], [pinned]] = await Promise.all([idsOf("?user=ada"), idsOf("?user=pinned")]);
    const page = await visit(`/logs/compare?a=${ada}&b=${pinned}`);
    await page.getByText("A was answered by Second, B by Third.").waitFor();
    await page.getByText(/^second could serve A; in B it .*only/).waitFor();
    const endpoints = page.getByRole("list", { name: "Endpoints" }).getByRole("listitem");
    expect(await endpoints.count()).toBe(3);
    await page.getByRole("button", { name: "Swap" }).click();
    await page.getByText("A was answered by Third, B by Second.").waitFor();
    await page.goBack();
    await page.getByText("A was answered by Second, B by Third.").waitFor();
    await page.getByRole("button", { name: "Show API call" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByText("/generation?id=").count()).toBeGreaterThan(0);
    expect(await dialog.innerText()).toContain(ada);
    expect(await dialog.innerText()).toContain(pinned);
  });

  it("of two that went the same way says that", async () => {
    const [one, other] = await idsOf("?user=pinned");
    const page = await visit(`/logs/compare?a=${one}&b=${other}`);
    await page.getByText("Both went the same way.").waitFor();
    await page.getByRole("switch", { name: "Only those" }).click();
    await page.waitForURL((url) => url.searchParams.get("all") === "false");
    await page.getByText("None fared otherwise.").waitFor();
    await page.check();
  });

  it("needs two calls that are there", async () => {
    const page = await visit("/logs/compare", { refusals: true });
    await page.getByText("Choose two calls").waitFor();
    await page.check();
    const [ada] = await idsOf("?user=ada");
    await page.goto(`${world.url}logs/compare?a=${ada}&b=gen-1-gone`);
    await page.getByText("One of them is not there").waitFor();
    await page.check();
  });
});

describe("choosing", () => {
  it("goes by keys, and by Shift for all between", async () => {
    const ids = await idsOf();
    const page = await visit("/logs");
    await calls(page).waitFor();
    for (const key of ["j", "x", "j", "j", "x"]) await page.keyboard.press(key);
    await expect.poll(() => picked(page)).toBe(`${ids[0]},${ids[2]}`);
    await page.keyboard.press("x");
    await expect.poll(() => picked(page)).toBe(ids[0]);
    await chosen(page).getByRole("button", { name: "Choose none" }).click();
    await expect.poll(() => picked(page)).toBeNull();
    await page.getByRole("checkbox", { name: `Choose ${ids[1]}` }).click();
    await page.getByRole("checkbox", { name: `Choose ${ids[3]}` }).click({ modifiers: ["Shift"] });
    await expect.poll(() => picked(page)).toBe([ids[1], ids[2], ids[3]].join(","));
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  it("saves the very rows that the gateway's own file has", async () => {
    const ids = await idsOf();
    const wanted = [ids[0], ids[4]];
    // The list shows one of them only: the other is asked for.
    const page = await visit(`/logs?status=error&pick=${wanted.join(",")}`);
    await calls(page).waitFor();
    const ours = await saved(page, () => chosen(page).getByRole("button", { name: "CSV" }).click());
    expect(ours.name).toMatch(/^tollgate-logs_chosen_\d{4}-\d\d-\d\d\.csv$/);
    const theirs = await saved(page, async () => {
      await page.goto(`${world.url}logs`);
      await calls(page).waitFor();
      await page.getByRole("button", { name: "Export" }).click();
      await page.getByRole("link", { name: /CSV/ }).click();
    });
    const lines = theirs.text.split("\r\n");
    expect(ours.text.split("\r\n")).toEqual([
      lines[0],
      ...lines.filter((line) => wanted.some((id) => line.startsWith(`${id},`))),
      "",
    ]);
    expect(ours.text).toContain(`"'=unlucky, she"`);

    await page.goto(`${world.url}logs?pick=${wanted.join(",")}`);
    const json = await saved(page, () =>
      chosen(page).getByRole("button", { name: "JSON" }).click(),
    );
    const { data } = await world.api<{ data: Row[] }>("GET", "/logs");
    expect(JSON.parse(json.text)).toEqual({ data: data.filter(({ id }) => wanted.includes(id)) });
  });
});

describe.each(LOOKS)("saved views, $name", (look) => {
  it("are kept, chosen, linked and forgotten", async () => {
    const page = await visit("/logs?status=error&range=24h", look);
    await calls(page).waitFor();
    await page.getByRole("button", { name: "Views" }).click();
    const views = page.getByRole("dialog", { name: "Saved views" });
    await views.getByRole("textbox", { name: "Save what is shown as" }).fill("Failures of a day");
    await page.keyboard.press("Enter");
    await views.getByRole("link", { name: "Failures of a day" }).waitFor();
    await page.check();
    await page.shot(`logs-views-${look.name}`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await views.getByRole("button", { name: "Copy link" }).click();
    await views.getByText("Link to this view copied").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toBe(`${world.url}logs?status=error&range=24h`);

    await page.goto(`${world.url}logs?user=ada`);
    await calls(page).waitFor();
    await page.getByRole("button", { name: "Views" }).click();
    await views.getByRole("link", { name: "Failures of a day" }).click();
    await page.waitForURL(link);
    // The view that is shown names the button.
    await page.getByRole("button", { name: "Failures of a day" }).click();
    await views.getByRole("button", { name: "Forget Failures of a day" }).click();
    await views.getByRole("link").waitFor({ state: "detached" });
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("user") === "ada");
  });
});

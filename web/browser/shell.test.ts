import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, type Visit } from "./harness";
import { type OwnGateway, startOwnGateway } from "./own-gateway";

const visit = openBrowser();
let own: OwnGateway;

interface Made {
  data: { id: string };
}

// A gateway of its own: where there are several workspaces, every page looks otherwise.
beforeAll(async () => {
  own = await startOwnGateway("");
  const { data } = await own.api<Made>("POST", "/workspaces", {
    name: "Research and development",
    slug: "research",
  });
  for (const [name, workspace] of [
    ["shop", undefined],
    ["lab", data.id],
  ] as const) {
    const { key } = await own.api<{ key: string }>("POST", "/keys", {
      name,
      ...(workspace ? { workspace_id: workspace } : {}),
    });
    const answer = await own.complete(key, "tollgate/echo");
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
  }
}, 60_000);
afterAll(() => own?.stop());

const menu = (page: Visit) => page.getByRole("button", { name: /^Workspace: / });
const calls = (page: Visit) => page.getByRole("table", { name: "Calls" });
const rowsOf = (page: Visit) => calls(page).getByRole("row").count();

describe.each(LOOKS)("several workspaces, $name", (look) => {
  it("are looked at one by one, on every page that shows one", async () => {
    const narrow = look.name === "phone";
    const page = await visit("/logs", { ...look, root: own.root });
    await calls(page).waitFor();
    expect(await rowsOf(page)).toBe(3);
    await page.check();
    await menu(page).click();
    await page.getByRole("menuitem", { name: "Research and development" }).waitFor();
    await page.shot(`shell-workspaces-${look.name}`);
    await page.getByRole("menuitem", { name: "Research and development" }).click();
    await page.waitForURL((url) => url.searchParams.get("workspace") === "research");
    await expect.poll(() => rowsOf(page)).toBe(2);
    expect(await menu(page).innerText()).toContain("Research");

    // It goes along, over a page that knows of no workspaces, too.
    const link = (name: string) => page.getByRole("link", { name, exact: true }).first();
    if (narrow) await page.getByRole("button", { name: "Pages" }).click();
    await link("Settings").click();
    await page.getByRole("heading", { name: "Settings" }).first().waitFor();
    await link("Activity").click();
    await page.waitForURL((url) => url.search.includes("workspace=research"));
    await page.getByRole("table", { name: "Spend by model" }).waitFor();
    await page.getByRole("link", { name: "1", exact: true }).waitFor();
    await page.check();
    await page.shot(`shell-workspace-${look.name}`);

    await menu(page).click();
    await page.getByRole("menuitem", { name: "All workspaces" }).click();
    await page.waitForURL((url) => !url.searchParams.has("workspace"));
    await page.getByRole("link", { name: "2", exact: true }).waitFor();
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("workspace") === "research");
    expect(await menu(page).innerText()).toContain("Research");
  });
});

it("are chosen from any page, which leads to one that shows them", async () => {
  const page = await visit("/settings/about", { root: own.root });
  await menu(page).click();
  await page.getByRole("menuitem", { name: "Research and development" }).click();
  await page.waitForURL((url) => url.pathname === "/activity");
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL((url) => url.href.endsWith("/logs?workspace=research"));
  await expect.poll(() => rowsOf(page)).toBe(2);
});

it.each([360, 390])("has three pages at hand where it is %i px wide", async (width) => {
  const page = await visit("/settings/about", { width, height: 844, root: own.root });
  const bar = page.getByRole("navigation", { name: "At hand" });
  for (const name of ["Activity", "Logs", "Playground"]) {
    const link = bar.getByRole("link", { name });
    const box = await link.boundingBox();
    expect(box?.width, name).toBeGreaterThanOrEqual(44);
    expect(box?.height, name).toBeGreaterThanOrEqual(44);
    await link.click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.check();
  }
  await page.shot(`shell-bar-${width}`);
});

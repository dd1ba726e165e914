import { afterAll, beforeAll, expect, it } from "vitest";
import { LOOKS, openBrowser } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";

const visit = openBrowser();
let own: OwnGateway;

const preset = (content: string) => ({
  model: "tollgate/echo",
  temperature: 0.25,
  messages: [{ role: "system", content }],
});

beforeAll(async () => {
  own = await startOwnGateway("");
  await own.api("POST", "/presets/pirate/chat/completions", preset("Answer as a pirate."));
  await own.api("POST", "/presets/pirate/chat/completions", preset("Answer as a captain."));
});
afterAll(() => own?.stop());

it.each(LOOKS)("lists presets and opens one, $name", async (look) => {
  const page = await visit("/presets", { ...look, root: own.root });
  await page.getByRole("table", { name: "Presets" }).getByText("@preset/pirate").click();
  await page.getByText("Answer as a captain.").waitFor();
  await page.check();
  await page.shot(`presets-${look.name}`);
});

it("gives calls an earlier version, and keeps a new one", async () => {
  const page = await visit("/presets?open=pirate", { root: own.root });
  await page.getByRole("list", { name: "Versions" }).getByRole("button").last().click();
  await page.getByText("Answer as a pirate.").waitFor();
  await page.getByRole("button", { name: "Give it to calls" }).click();
  await page.getByRole("button", { name: "Give it to calls" }).waitFor({ state: "detached" });
  const now = () =>
    own.api<{ data: { designated_version: { version: number } } }>("GET", "/presets/pirate");
  expect((await now()).data.designated_version.version).toBe(1);
  await page.getByRole("button", { name: "Edit" }).click();
  const editor = page.getByRole("textbox", { name: "Request" });
  await editor.fill(JSON.stringify(preset("Answer as a cook.")));
  await page.check();
  await page.getByRole("button", { name: "Save as a new version" }).click();
  // What was typed says so as well: the gateway knows when it is kept.
  await expect.poll(async () => (await now()).data.designated_version.version).toBe(3);
  await page.getByText("Answer as a cook.").waitFor();
});

it("makes a preset and deletes it", async () => {
  const page = await visit("/presets", { root: own.root });
  await page.getByRole("button", { name: "Create preset" }).click();
  await page.getByRole("textbox", { name: "Slug" }).fill("short");
  await page.getByRole("dialog").getByRole("button", { name: "Create preset" }).click();
  await page.getByText("Answer in one sentence.").first().waitFor();
  await page.waitForURL((url) => url.searchParams.get("open") === "short");
  await page.getByRole("button", { name: "Delete preset" }).click();
  await page.getByRole("dialog", { name: "Delete the preset short?" }).waitFor();
  await page.check();
  await page.getByRole("button", { name: "Delete preset" }).last().click();
  await page.getByRole("dialog").first().waitFor({ state: "detached" });
  await expect.poll(() => page.getByText("@preset/short").count()).toBe(0);
});

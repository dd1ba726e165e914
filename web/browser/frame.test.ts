import { expect, it } from "vitest";
import { LOOKS, useBrowser } from "./harness";

const visit = useBrowser();

it("works below a prefix: links, reload and going back", async () => {
  const page = await visit("/settings/about", { prefixed: true });
  await page.getByRole("link", { name: "Appearance" }).click();
  await page.getByRole("heading", { name: "Appearance" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/gw/llm/settings/appearance");
  await page.reload();
  await page.getByRole("heading", { name: "Appearance" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "About" }).waitFor();
});

it.each(LOOKS)("the palette finds and acts, $name", async (look) => {
  const page = await visit("/settings/about", look);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search and act" }).waitFor();
  await page.check();
  await page.shot(`palette-${look.name}`);
  await page.keyboard.type("dark th");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
});

it("has a sheet of keys, and keys that wait for a second", async () => {
  const page = await visit("/nowhere-at-all");
  await page.getByRole("heading", { name: "No such page" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.check();
  await page.shot("keys");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
});

it("lies a sign-in over the page when the session ends, and keeps what was typed", async () => {
  const page = await visit("/settings/password");
  await page.getByLabel("Present password").fill("typed before");
  await page.context().clearCookies();
  await page.evaluate(() => fetch(new URL("api/v1/models/user", document.baseURI)));
  expect(await page.getByLabel("Present password").inputValue()).toBe("typed before");
});

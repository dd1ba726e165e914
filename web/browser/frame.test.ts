import { expect, it } from "vitest";
import { api, LOOKS, openBrowser, PERSON } from "./harness";

const visit = openBrowser();

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

it("the palette takes what is typed before it is there", async () => {
  const page = await visit("/settings/about");
  let come = () => {};
  const coming = new Promise<void>((resolve) => {
    come = resolve;
  });
  await page.route("**/CommandPalette*", (route) => coming.then(() => route.continue()));
  await page.keyboard.press("Control+k");
  await page.keyboard.type("modx");
  await page.keyboard.press("Backspace");
  come();
  const field = page.getByRole("combobox", { name: "Search and act" });
  await field.waitFor();
  await page.keyboard.type("els");
  expect(await field.inputValue()).toBe("models");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Models" }).waitFor();
});

it("the palette has daily pages first, and finds keys and acts", async () => {
  await api("POST", "/keys", { name: "night-porter" });
  const page = await visit("/settings/about");
  await page.keyboard.press("Control+k");
  const options = page.getByRole("option");
  await options.first().waitFor();
  expect((await options.first().innerText()).split("\n")[0]).toBe("Playground");
  expect(await options.filter({ hasText: "Invitation" }).count()).toBe(0);
  await page.keyboard.type("create a k");
  await options.filter({ hasText: "Create a key" }).waitFor();
  const field = page.getByRole("combobox", { name: "Search and act" });
  await field.fill("sign o");
  await options.filter({ hasText: "Sign out" }).waitFor();
  await field.fill("night-p");
  await options.filter({ hasText: "night-porter" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "night-porter" }).waitFor();
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
  const page = await visit("/settings/password", { refusals: true });
  await page.getByRole("textbox", { name: "Present password" }).fill("typed before");
  await page.context().clearCookies();
  await page.getByRole("textbox", { name: "New password" }).fill("another password");
  await page.getByRole("button", { name: "Change password" }).click();
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.waitFor();
  await page.check();
  await dialog.getByRole("textbox", { name: "Password" }).fill(PERSON.password);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  expect(await page.getByRole("textbox", { name: "Present password" }).inputValue()).toBe(
    "typed before",
  );
});

it("has every page behind one button where it is narrow", async () => {
  const page = await visit("/settings/about", { width: 390, height: 844 });
  await page.getByRole("button", { name: "Pages" }).click();
  const sheet = page.getByRole("dialog", { name: "Pages" });
  await sheet.getByRole("link", { name: "Settings" }).waitFor();
  await page.check();
  await page.shot("pages-phone");
  await sheet.getByRole("link", { name: "Settings" }).click();
  await sheet.waitFor({ state: "detached" });
});

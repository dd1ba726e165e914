import { expect, it } from "vitest";
import { LOOKS, openBrowser, PERSON } from "#browser/harness";

const visit = openBrowser();

it.each(LOOKS)("is shown to strangers, $name", async (look) => {
  await visit("/", look);
  const page = await visit("/settings/about", { ...look, stranger: true });
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.check();
  await page.shot(`sign-in-${look.name}`);
});

it("leads to where the address says, by keyboard alone", async () => {
  const page = await visit("/settings/about", { stranger: true });
  await page.keyboard.type(PERSON.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PERSON.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "About" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/settings/about");
});

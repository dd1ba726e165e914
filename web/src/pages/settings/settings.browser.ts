import { describe, expect, it } from "vitest";
import { LOOKS, openBrowser } from "#browser/harness";

const visit = openBrowser();

describe.each(LOOKS)("settings, $name", (look) => {
  it.each(["appearance", "about", "password"])("%s", async (section) => {
    const page = await visit(`/settings/${section}`, look);
    await page.getByRole("heading", { level: 2 }).waitFor();
    await page.check();
    await page.shot(`settings-${section}-${look.name}`);
  });
});

it("remembers the colours that were chosen", async () => {
  const page = await visit("/settings/appearance", { theme: "light" });
  await page.getByRole("radio", { name: "Dark" }).click();
  const background = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.reload();
  await page.getByRole("radio", { name: "Dark", checked: true }).waitFor();
  expect(await background()).toBe(dark);
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { openBrowser, PERSON } from "#browser/harness";
import { type Site, startSite } from "#browser/site";

const SERVES = process.env.TOLLGATE_SERVES === "1";
const visit = openBrowser();
let gateway: Gateway;
let site: Site | null;

// Each run begins with an installation that nobody has set up.
beforeEach(async () => {
  gateway = await startGateway();
  site = SERVES ? null : await startSite(gateway, "/");
});
afterEach(async () => {
  await site?.stop();
  await gateway.stop();
});

const LOOKS = [
  { name: "light", theme: "light" },
  { name: "dark", theme: "dark" },
  { name: "phone", theme: "light", width: 390, height: 844 },
] as const;

describe.each(LOOKS)("the set-up, $name", (look) => {
  it("leads from nothing to an answer and a key, by keyboard", async () => {
    const page = await visit("/", {
      ...look,
      stranger: true,
      root: site?.url ?? `${gateway.url}/`,
      refusals: true,
    });
    const { keyboard } = page;
    await page.getByRole("heading", { name: "Create your account" }).waitFor();
    await page.check();
    await page.shot(`setup-account-${look.name}`);

    await keyboard.type(PERSON.email);
    await keyboard.press("Tab");
    await keyboard.type("Ada");
    await keyboard.press("Tab");
    await keyboard.type("short");
    await page.getByText("7 more characters").waitFor();
    await page.getByRole("textbox", { name: "Password" }).fill(PERSON.password);
    await keyboard.press("Enter");

    await page
      .getByRole("button", { name: "Try it" })
      .or(page.getByRole("heading", { name: "Ask something" }))
      .first()
      .waitFor();
    await page.goto(new URL("setup?step=try", site?.url ?? `${gateway.url}/`).href);
    await page.getByRole("heading", { name: "Ask something" }).waitFor();
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.getByText(/^Served by/).waitFor();
    expect(await page.getByRole("log", { name: "Answer" }).innerText()).not.toBe("");
    await page.check();
    await page.shot(`setup-try-${look.name}`);

    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Connect an app" }).waitFor();
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByText("Waiting for the first call…").waitFor();
    const secret = await page
      .getByText(/^sk-or-v1-/)
      .first()
      .innerText();
    expect(await page.getByRole("tabpanel").innerText()).toContain(secret);
    await page.check();
    await page.shot(`setup-connect-${look.name}`);

    await page.getByLabel("I saved it").check();
    await page.getByRole("button", { name: "Go to the dashboard" }).first().click();
    await page
      .getByRole("navigation", { name: "Pages" })
      .or(page.getByRole("button", { name: "Pages" }))
      .first()
      .waitFor();
  });
});

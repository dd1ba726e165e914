/** What is done without a pointer: Tab, Shift Tab, Enter, Space, arrows and letters. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Gateway, startGateway } from "./gateway";
import { openBrowser, PERSON, type Visit } from "./harness";
import { type Site, startSite } from "./site";

const visit = openBrowser();
let gateway: Gateway;
let site: Site;

beforeEach(async () => {
  gateway = await startGateway();
  site = await startSite(gateway, "/");
});
afterEach(async () => {
  await site.stop();
  await gateway.stop();
});

type Found = ReturnType<Visit["getByRole"]>;

/** More stops than any of these pages has on the way. */
const STOPS_MAX = 60;

/** Goes on by Tab until something has the focus, which has to be seen there. */
async function tabTo(page: Visit, wanted: Found): Promise<void> {
  await wanted.first().waitFor();
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    if (await wanted.first().evaluate((element) => element === document.activeElement)) {
      const ring = await wanted.first().evaluate((element) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1;
      });
      expect(ring, `the focus on ${wanted}`).toBe(true);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`${wanted} is not reached by Tab`);
}

const press = async (page: Visit, wanted: Found, key = "Enter") => {
  await tabTo(page, wanted);
  await page.keyboard.press(key);
};

it("leads from the set-up to an answer and a key, and makes another key", async () => {
  const page = await visit("/", { stranger: true, root: site.url, refusals: true });
  const button = (name: string | RegExp) => page.getByRole("button", { name });
  const heading = (name: string) => page.getByRole("heading", { name }).waitFor();
  const { keyboard } = page;

  await heading("Create your account");
  await tabTo(page, page.getByRole("textbox", { name: "E-mail" }));
  await keyboard.type(PERSON.email);
  await tabTo(page, page.getByRole("textbox", { name: "Password" }));
  await keyboard.type(PERSON.password);
  await keyboard.press("Enter");

  await heading("Connect a provider");
  await press(page, button(/^Skip/));
  await heading("Ask something");
  await press(page, button(/^Ask$/));
  await page.getByText(/^Served by/).waitFor();
  await press(page, button("Continue"));

  await heading("Connect an app");
  await press(page, button("Create key"));
  await page.getByText("Waiting for the first call…").waitFor();
  await press(page, page.getByLabel("I saved it"), "Space");
  await press(page, button("Go to the dashboard"));
  await heading("Activity");

  await press(
    page,
    page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Keys" }),
  );
  await heading("Keys");
  await press(page, button("Create key"));
  const form = page.getByRole("dialog", { name: "Create a key" });
  await tabTo(page, form.getByRole("textbox", { name: "Name" }));
  await keyboard.type("typed");
  await tabTo(page, form.getByRole("textbox", { name: "Limit in US dollars" }));
  await keyboard.type("5");
  // A list is opened, walked and left without a pointer, too.
  await press(page, form.getByRole("combobox", { name: "It holds" }));
  await page.getByRole("option", { name: "a month" }).waitFor();
  await keyboard.press("End");
  await keyboard.press("Enter");
  await press(page, form.getByRole("button", { name: "Create key" }));
  const secret = page.getByRole("dialog", { name: "The secret of typed" });
  await secret.getByText(/^sk-or-v1-[0-9a-f]{64}$/).waitFor();
  await press(page, secret.getByLabel("I saved it"), "Space");
  await press(page, secret.getByRole("button", { name: "Done" }));
  await secret.waitFor({ state: "detached" });
  const row = page
    .getByRole("table", { name: "API keys" })
    .getByRole("row")
    .filter({ hasText: "typed" });
  await row.getByText("monthly limit").waitFor();

  await press(page, row.getByRole("button", { name: "More for typed" }));
  await page.getByRole("menuitem", { name: "Disable" }).waitFor();
  await keyboard.type("dis");
  await keyboard.press("Enter");
  await row.getByText("Disabled").waitFor();
}, 60_000);

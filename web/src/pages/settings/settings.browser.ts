import { describe, expect, it } from "vitest";
import { api, LOOKS, openBrowser, place } from "#browser/harness";
import { bringIn } from "#browser/people";

const visit = openBrowser();

describe.each(LOOKS)("settings, $name", (look) => {
  it.each(["appearance", "about", "password", "contents", "sessions", "configuration"])(
    "%s",
    async (section) => {
      const page = await visit(`/settings/${section}`, look);
      await page.getByRole("heading", { level: 2 }).first().waitFor();
      await page.check();
      await page.shot(`settings-${section}-${look.name}`);
    },
  );
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

interface Workspace {
  id: string;
  slug: string;
  is_observability_io_logging_enabled: boolean;
}

it("has what is said kept by a workspace after asking, and no more at once", async () => {
  const { data } = await api<{ data: Workspace }>("POST", "/workspaces", {
    name: "Spoken",
    slug: "spoken",
  });
  const kept = async () =>
    (await api<{ data: Workspace }>("GET", `/workspaces/${data.id}`)).data
      .is_observability_io_logging_enabled;
  const page = await visit("/settings/contents");
  const keeps = page.getByRole("switch", { name: "Spoken" });
  await keeps.click();
  const question = page.getByRole("dialog", { name: "Keep what is said in Spoken?" });
  await question.waitFor();
  await page.check();
  await page.shot("settings-contents-asked");
  await question.getByRole("button", { name: "Cancel" }).click();
  expect(await kept()).toBe(false);
  await keeps.click();
  await question.getByRole("button", { name: "Keep it" }).click();
  await page.getByText(/^Kept of 100/).waitFor();
  expect(await kept()).toBe(true);
  await keeps.click();
  await expect.poll(kept).toBe(false);
});

it("says where settings come from to those who reach everywhere, and lets viewers look", async () => {
  const viewer = await bringIn(place().site, api, "viewer");
  const page = await visit("/settings/contents", { person: viewer });
  await page.getByRole("switch", { name: "Default" }).waitFor();
  expect(await page.getByRole("switch", { name: "Default" }).isDisabled()).toBe(true);
  const member = await bringIn(place().site, api, "member");
  const other = await visit("/settings/configuration", { person: member });
  await other.getByText("No such settings").waitFor();
});

it("signs out here", async () => {
  const person = await bringIn(place().site, api, "admin");
  const page = await visit("/settings/sessions", { person });
  await page.getByRole("button", { name: "Sign out here" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";

const visit = openBrowser();
let own: OwnGateway;

beforeAll(async () => {
  own = await startOwnGateway("");
  await own.api("POST", "/workspaces", { name: "Research", slug: "research" });
  await own.api("POST", "/organization/invitations", { email: "eve@example.com", access: "admin" });
});
afterAll(() => own?.stop());

describe.each(LOOKS)("the team, $name", (look) => {
  it.each(["members", "invitations", "permissions", "audit"])("%s", async (tab) => {
    const page = await visit(`/team?tab=${tab}`, { ...look, root: own.root });
    const rows = page.getByRole("tabpanel").getByRole("row");
    await rows.nth(1).waitFor();
    await page.check();
    await page.shot(`team-${tab}-${look.name}`);
  });
});

it("asks for as much as is shown", async () => {
  const page = await visit("/settings/about", { root: own.root });
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) asked.push(pathname);
  });
  await page.goto(`${own.root}team`);
  await page.getByRole("table", { name: "Members" }).waitFor();
  await page.quiet();
  expect(asked.sort()).toEqual([
    "/api/v1/organization/invitations",
    "/api/v1/organization/members",
    "/api/v1/session",
  ]);
});

it("has a viewer come in by a link, who then finds nothing to change", {
  timeout: 60_000,
}, async () => {
  const owner = await visit("/team?tab=invitations", { root: own.root });
  await owner.getByRole("button", { name: "Invite somebody" }).click();
  await owner.getByLabel("E-mail").fill("vera@example.com");
  await owner.getByRole("radio", { name: /Viewer/ }).click();
  await owner.check();
  await owner.shot("team-invite");
  await owner.getByRole("button", { name: "Make the invitation" }).click();
  const dialog = owner.getByRole("dialog", { name: "Send this link to vera@example.com" });
  const link = new URL(await dialog.getByText("/invitation?token=").innerText());
  await owner.check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await owner.getByRole("table", { name: "Invitations" }).getByText("vera@example.com").waitFor();

  const vera = await visit(`${link.pathname}${link.search}`, { root: own.root, stranger: true });
  await vera.getByRole("heading", { name: "Accept the invitation" }).waitFor();
  await vera.check();
  await vera.shot("invitation");
  await vera.keyboard.type("Vera");
  await vera.getByRole("textbox", { name: "Password" }).fill("a long enough password");
  await vera.keyboard.press("Enter");
  await vera.getByRole("button", { name: "Vera" }).waitFor();
  expect(vera.url()).not.toContain("token");

  const acts = /\b(invite|withdraw|edit|create|save|remove|change|buy|agree|delete|make|set)\b/i;
  for (const path of [
    "team",
    "team?tab=invitations",
    "budgets",
    "credits",
    "settings/workspaces",
  ]) {
    await vera.goto(`${own.root}${path}`);
    await vera.locator("h1").first().waitFor();
    await vera.quiet();
    const named = await vera.locator("main").getByRole("button").allInnerTexts();
    expect(
      named.filter((name) => acts.test(name)),
      path,
    ).toEqual([]);
    await vera.check();
  }
  await vera.goto(`${own.root}team`);
  await vera.getByRole("table", { name: "Members" }).getByText("Ada", { exact: true }).click();
  await vera.getByRole("dialog").getByText("Member since").waitFor();
  expect(await vera.getByRole("button", { name: "Change role" }).count()).toBe(0);

  // The link has done its work.
  const again = await visit(`${link.pathname}${link.search}`, {
    root: own.root,
    stranger: true,
    refusals: true,
  });
  await again.getByRole("textbox", { name: "Password" }).fill("a long enough password");
  await again.keyboard.press("Enter");
  await again.getByText("was accepted or withdrawn").waitFor();
  await again.check();
});

it("withdraws an invitation, changes a role and has somebody leave", async () => {
  const page = await visit("/team?tab=invitations", { root: own.root });
  await page.getByRole("button", { name: "Withdraw the invitation of eve@example.com" }).click();
  await page.getByRole("button", { name: "Withdraw", exact: true }).last().click();
  await page.getByText("eve@example.com").first().waitFor({ state: "detached" });
  await page.getByRole("tab", { name: /Members/ }).click();
  await page.getByRole("table", { name: "Members" }).getByText("Vera", { exact: true }).click();
  await page.getByRole("radio", { name: /Billing/ }).click();
  await page.check();
  await page.shot("team-member");
  await page.getByRole("button", { name: "Change role" }).click();
  await page.getByRole("table", { name: "Members" }).getByText("Billing").waitFor();
  await page.getByRole("button", { name: "Remove from the team" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page
    .getByRole("table", { name: "Members" })
    .getByText("Vera", { exact: true })
    .waitFor({ state: "detached" });
});

it("finds an act in the log by who and what, from the address", async () => {
  const page = await visit("/team?tab=audit&act=DELETE&who=ada", { root: own.root });
  const log = page.getByRole("table", { name: "Audit log" });
  await log.getByText("DELETE /organization/invitations/{id}").click();
  await page.getByRole("dialog").getByText("Done, 200").waitFor();
  await page.check();
  await page.shot("team-audit-entry");
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: "What" }).fill("nothing like it");
  await page.getByText("No act matches").waitFor();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await log.waitFor();
});

it("tells somebody who is signed in to sign out first", async () => {
  const page = await visit("/invitation?token=invite-x", { root: own.root });
  await page.getByText("You are signed in as ada@example.com").waitFor();
  await page.check();
});

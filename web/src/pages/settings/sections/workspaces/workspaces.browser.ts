import { afterAll, beforeAll, expect, it } from "vitest";
import { LOOKS, openBrowser, PERSON } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";

const visit = openBrowser();
let own: OwnGateway;
interface Listed {
  data: { name: string; slug: string; account: string; default_text_model: string | null }[];
}

beforeAll(async () => {
  own = await startOwnGateway("");
  await own.api("POST", "/workspaces", { name: "Research", slug: "research" });
});
afterAll(() => own?.stop());

it.each(LOOKS)("lists workspaces and opens one, $name", async (look) => {
  const page = await visit("/settings/workspaces", { ...look, root: own.root });
  const table = page.getByRole("table", { name: "Workspaces" });
  await table.waitFor();
  await page.check();
  await page.shot(`workspaces-${look.name}`);
  await table.getByText("Research", { exact: true }).click();
  await page.getByRole("form", { name: "Workspace" }).waitFor();
  await page.check();
  await page.shot(`workspaces-edit-${look.name}`);
});

it("makes, changes and deletes a workspace", async () => {
  const page = await visit("/settings/workspaces", { root: own.root });
  await page.getByRole("button", { name: "Create workspace" }).click();
  const form = page.getByRole("form", { name: "Workspace" });
  await form.getByLabel("Name").fill("Chat bots");
  expect(await form.getByLabel("Slug").inputValue()).toBe("chat-bots");
  await form.getByLabel("Account").fill("bots");
  await form.getByRole("combobox", { name: "Default model" }).fill("echo");
  await page.getByRole("option", { name: /tollgate\/echo/ }).click();
  await form.getByRole("button", { name: "Create workspace" }).click();
  await page.getByRole("table", { name: "Workspaces" }).getByText("Chat bots").click();
  let { data } = await own.api<Listed>("GET", "/workspaces");
  expect(data.find(({ slug }) => slug === "chat-bots")).toMatchObject({
    account: "bots",
    default_text_model: "tollgate/echo",
  });

  await form.getByLabel("Name").fill("Bots");
  await form.getByRole("checkbox").check();
  await form.getByRole("button", { name: "Save workspace" }).click();
  const row = page.getByRole("row", { name: /Bots/ });
  await row.getByText("Kept", { exact: true }).waitFor();
  await row.click();
  await page.getByRole("button", { name: "Delete workspace" }).click();
  await page.getByLabel(/Type chat-bots/).fill("chat-bots");
  await page.check();
  await page.getByRole("button", { name: "Delete workspace" }).last().click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await row.waitFor({ state: "detached" });
  ({ data } = await own.api<Listed>("GET", "/workspaces"));
  expect(data.map(({ slug }) => slug)).not.toContain("chat-bots");
});

it("puts what the gateway refuses beside its field", async () => {
  const page = await visit("/settings/workspaces?open=new", { root: own.root, refusals: true });
  const form = page.getByRole("form", { name: "Workspace" });
  await form.getByLabel("Name").fill("Research");
  await form.getByRole("button", { name: "Create workspace" }).click();
  await form.getByText("There is a workspace research already").waitFor();
  await page.check();
});

it("lets the admin of a workspace change it, but for who pays and its slug", async () => {
  const person = { email: "head@example.org", password: "correct horse battery" };
  const { token } = await own.api<{ token: string }>("POST", "/organization/invitations", {
    email: person.email,
    access: "member",
    workspaces: [{ workspace_id: "research", role: "admin" }],
  });
  const accepted = await fetch(`${own.root}api/v1/organization/invitations/accept`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, first_name: "Head", password: person.password }),
  });
  expect(accepted.status).toBe(201);
  const page = await visit("/settings/workspaces", { root: own.root, person });
  await page
    .getByRole("table", { name: "Workspaces" })
    .getByText("Research", { exact: true })
    .click();
  const form = page.getByRole("form", { name: "Workspace" });
  expect(await form.getByLabel("Slug").isDisabled()).toBe(true);
  expect(await form.getByLabel("Account").isDisabled()).toBe(true);
  await form.getByText("An owner or admin can change it.").first().waitFor();
  await page.check();
  await page.shot("workspaces-admin");
  await form.getByLabel("Description").fill("Ours");
  await form.getByRole("button", { name: "Save workspace" }).click();
  await form.waitFor({ state: "detached" });
  const { data } = await own.api<{ data: { description: string } }>("GET", "/workspaces/research");
  expect(data.description).toBe("Ours");
});

it("changes one's own password, which then signs in", async () => {
  const page = await visit("/settings/password", { root: own.root });
  const next = "another correct horse";
  await page.getByRole("textbox", { name: "Present password" }).fill(PERSON.password);
  await page.getByRole("textbox", { name: "New password" }).fill(next);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Password changed").waitFor();
  const { origin } = new URL(own.root);
  const sign = (password: string) =>
    fetch(`${own.root}api/v1/session`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: JSON.stringify({ email: PERSON.email, password }),
    });
  expect((await sign(next)).status).toBe(200);
  expect((await sign(PERSON.password)).status).toBe(401);
});

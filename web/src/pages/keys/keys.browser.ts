import { describe, expect, it } from "vitest";
import { api, complete, LOOKS, openBrowser, place, type Visit } from "#browser/harness";

const visit = openBrowser();

interface Created {
  key: string;
  data: { hash: string };
}

interface Answer {
  choices?: unknown[];
  error?: { code: number; message: string };
}

const call = (secret: string) => complete(secret, "tollgate/prose") as Promise<Answer>;
const make = (body: object) => api<Created>("POST", "/keys", body);
const row = (page: Visit, name: string) =>
  page.getByRole("table", { name: "API keys" }).getByRole("row").filter({ hasText: name });

/** Fills the form, and answers with the secret that is shown once. */
async function create(page: Visit, name: string): Promise<string> {
  await page.getByRole("button", { name: "Create key" }).first().click();
  const form = page.getByRole("dialog", { name: "Create a key" });
  await form.getByRole("textbox", { name: "Name" }).fill(name);
  await form.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog", { name: `The secret of ${name}` });
  return dialog.getByText(/^sk-or-v1-[0-9a-f]{64}$/).innerText();
}

it("makes a key whose secret is shown once, and counts what is spent with it", async () => {
  const page = await visit("/keys");
  const secret = await create(page, "counted");
  const dialog = page.getByRole("dialog", { name: "The secret of counted" });
  await page.keyboard.press("Escape");
  expect(await dialog.getByRole("button", { name: "Done" }).isDisabled()).toBe(true);
  await page.check();
  await page.shot("keys-secret");
  await dialog.getByLabel("I saved it").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await row(page, "counted").getByText("never").waitFor();
  expect(await page.content()).not.toContain(secret);

  expect((await call(secret)).choices).toHaveLength(1);
  await page.reload();
  await row(page, "counted").getByText("today").waitFor();
  await row(page, "counted").click();
  const sheet = page.getByRole("dialog", { name: "counted" });
  const spent = await sheet.locator("dt:has-text('Spent in all') + dd data").getAttribute("value");
  expect(Number(spent)).toBeGreaterThan(0);
  await sheet.getByText("1 request", { exact: true }).waitFor();
  await page.check();
  await page.shot("keys-open");

  await sheet.getByRole("link", { name: "Its activity" }).click();
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  await page.getByRole("link", { name: "1", exact: true }).waitFor();
});

it("shows a key over its limit, with all that there is of it", async () => {
  const { key, data } = await make({ name: "spent", limit: 0.000001 });
  for (let tries = 0; tries < 3; tries++) await call(key);
  expect((await call(key)).error?.code).toBe(402);
  const page = await visit(`/keys?open=${data.hash}`);
  const sheet = page.getByRole("dialog", { name: "spent" });
  await sheet.getByText("used up", { exact: true }).waitFor();
  await row(page, "spent").getByText("Used up", { exact: true }).waitFor();
  await page.check();
  await sheet.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("textbox", { name: "Limit in US dollars" }).fill("5");
  await page.getByRole("button", { name: "Save" }).click();
  await row(page, "spent").getByText("Active", { exact: true }).waitFor();
  expect((await call(key)).choices).toHaveLength(1);
});

it("names the workspace's budget where that binds", async () => {
  const { data } = await api<{ data: { id: string } }>("POST", "/workspaces", {
    name: "Research",
    slug: "research",
  });
  await api("PUT", `/workspaces/${data.id}/budgets/monthly`, { limit_usd: 2 });
  await make({ name: "bound", limit: 500, workspace_id: data.id });
  const page = await visit("/keys?workspace=research");
  await row(page, "bound")
    .getByText(/Research's monthly budget/)
    .waitFor();
  await page.shot("keys-workspace");
});

it("changes by the same form what it made by it, and shows the call of the API", async () => {
  const page = await visit("/keys", { refusals: true });
  await page.getByRole("button", { name: "Create key" }).first().click();
  const form = page.getByRole("dialog", { name: "Create a key" });
  await form.getByRole("textbox", { name: "Name" }).fill("kiosk");
  await form.getByRole("textbox", { name: "Limit in US dollars" }).fill("x");
  await form.getByRole("button", { name: "Create key" }).click();
  await form.getByText("Dollars, such as 20 or 0.50").waitFor();
  await form.getByRole("textbox", { name: "Limit in US dollars" }).fill("2.5");
  await form.getByRole("combobox", { name: "It holds" }).click();
  await page.getByRole("option", { name: "a week" }).click();
  await form.getByRole("textbox", { name: "Requests per minute" }).fill("7");
  const models = form.getByRole("combobox", { name: "Models", exact: true });
  await models.fill("prose");
  await page.getByRole("option", { name: "tollgate/prose" }).click();
  await page.keyboard.press("Escape");
  await page.check();
  await page.shot("keys-form");
  await form.getByRole("button", { name: "Show API call" }).click();
  await page.getByText('"requests_per_minute": 7').waitFor();
  await page
    .getByRole("dialog", { name: "The same by API" })
    .getByRole("button", { name: "Close" })
    .click();
  await form.getByRole("textbox", { name: "Addresses" }).fill("nowhere");
  await form.getByRole("button", { name: "Create key" }).click();
  await form.getByText(/is not a range of addresses/).waitFor();
  await form.getByRole("textbox", { name: "Addresses" }).fill("");
  await form.getByText(/is not a range of addresses/).waitFor({ state: "detached" });
  await form.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("I saved it").check();
  await page.getByRole("button", { name: "Done" }).click();

  await row(page, "kiosk").getByRole("button", { name: "More for kiosk" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  const edit = page.getByRole("dialog", { name: "Edit kiosk" });
  expect(await edit.getByRole("textbox", { name: "Requests per minute" }).inputValue()).toBe("7");
  await edit.getByRole("textbox", { name: "Requests per minute" }).fill("");
  await edit.getByRole("button", { name: "Save" }).click();
  await edit.waitFor({ state: "detached" });
  const { data } = await api<{ data: { name: string; rate_limits: object; limit: number }[] }>(
    "GET",
    "/keys",
  );
  const kiosk = data.find(({ name }) => name === "kiosk");
  expect(kiosk).toMatchObject({
    limit: 2.5,
    limit_reset: "weekly",
    rate_limits: {},
    allowed_models: ["tollgate/prose"],
  });
}, 30_000);

it("disables at once and takes it back, rotates with an overlap, deletes", async () => {
  const { key } = await make({ name: "turned" });
  const page = await visit("/keys?q=turned");
  const menu = async (item: string) => {
    await row(page, "turned").getByRole("button", { name: "More for turned" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await menu("Disable");
  await row(page, "turned").getByText("Disabled").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await row(page, "turned").getByText("Active").waitFor();
  await expect.poll(async () => (await call(key)).choices?.length).toBe(1);

  await menu("Rotate the secret");
  await page.getByRole("button", { name: "Rotate", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "The secret of turned" });
  const second = await dialog.getByText(/^sk-or-v1-[0-9a-f]{64}$/).innerText();
  await dialog.getByLabel("I saved it").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  expect(second).not.toBe(key);
  for (const secret of [key, second]) expect((await call(secret)).choices).toHaveLength(1);
  await row(page, "turned").click();
  await page.getByText(/works until/).waitFor();

  await page
    .getByRole("dialog", { name: "turned" })
    .getByRole("button", { name: "Delete" })
    .click();
  const confirm = page.getByRole("dialog", { name: "Delete key turned?" });
  await confirm.getByText(/refused with 401/).waitFor();
  await page.check();
  await page.shot("keys-delete");
  await confirm.getByRole("button", { name: "Delete key" }).click();
  await page.getByText("No keys match").waitFor();
  const gone = await fetch(`${place().gateway}/api/v1/key`, {
    headers: { authorization: `Bearer ${second}` },
  });
  expect(gone.status).toBe(401);
});

it("names the keys that manage, as far as the log of acts tells, and leads to what ends them", async () => {
  const { token } = await api<{ token: string }>("POST", "/organization/invitations", {
    email: "robot@example.org",
    access: "admin",
  });
  const accepted = await fetch(`${place().gateway}/api/v1/organization/invitations/accept`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, first_name: "Robot" }),
  });
  const { key } = (await accepted.json()) as { key: string };
  const made = await fetch(`${place().gateway}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "by-robot" }),
  });
  expect(made.status).toBe(201);
  const page = await visit("/keys?tab=management");
  const managing = page.getByRole("table", { name: "Management keys" });
  await managing.getByText("TOLLGATE_MANAGEMENT_KEY").waitFor();
  const robot = managing
    .getByRole("row")
    .filter({ has: page.getByRole("link") })
    .first();
  await robot.getByText("POST /keys", { exact: true }).waitFor();
  // What a key makes has made nothing itself.
  expect(await managing.getByText("by-robot").count()).toBe(0);
  await page.check();
  await page.shot("keys-management-known");
  await robot.getByRole("link").click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Enable" }).waitFor();
  // It is shown as disabled before the gateway has answered.
  const headers = { authorization: `Bearer ${key}` };
  await expect
    .poll(async () => (await fetch(`${place().gateway}/api/v1/keys`, { headers })).status)
    .toBe(401);
});

it("filters by state and keeps that in the address", async () => {
  const { data } = await make({ name: "idle" });
  await api("PATCH", `/keys/${data.hash}`, { disabled: true });
  const page = await visit("/keys");
  await page.getByRole("combobox", { name: "State" }).click();
  await page.getByRole("option", { name: "Disabled" }).click();
  await page.waitForURL(/state=disabled/);
  await row(page, "idle").waitFor();
  await expect.poll(() => row(page, "Active").count()).toBe(0);
});

it("asks as often for ten keys as for two", async () => {
  for (let at = 0; at < 8; at++) await make({ name: `many-${at}` });
  const page = await visit("/settings/about");
  const counts: Record<string, number> = {};
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname.replace(/^.*\/api\/v1/, "");
    if (request.url().includes("/api/v1")) counts[path] = (counts[path] ?? 0) + 1;
  });
  await page.keyboard.press("g");
  await page.keyboard.press("k");
  await row(page, "many-7").waitFor();
  await page.quiet();
  // The use of keys, and what was spent of workspaces' budgets by the month.
  expect(counts["/keys"]).toBe(1);
  expect(counts["/analytics/query"]).toBeLessThanOrEqual(2);
  const others = Object.keys(counts).filter((path) => !path.endsWith("/budgets"));
  expect(others.sort()).toEqual(["/analytics/query", "/keys"]);
});

describe.each(LOOKS)("keys, $name", (look) => {
  it("lists them, says how others are made, and walks by keyboard", async () => {
    const page = await visit("/keys", look);
    await row(page, "counted").waitFor();
    await page.check();
    await page.shot(`keys-${look.name}`);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/open=[0-9a-f]{64}/);
    await page.check();
    await page.shot(`keys-open-${look.name}`);
    await page.keyboard.press("Escape");
    await page.getByRole("tab", { name: "Management keys" }).click();
    await page.getByText("It cannot call models.").waitFor();
    await page.check();
    await page.shot(`keys-management-${look.name}`);
  });

  it("has a form that fits", async () => {
    const page = await visit("/keys?open=new", look);
    await page.getByRole("dialog", { name: "Create a key" }).waitFor();
    await page.check();
    await page.shot(`keys-form-${look.name}`);
  });
});

it("says in its place what failed, and tries again", async () => {
  const page = await visit("/settings/about", { refusals: true });
  let failing = true;
  await page.route("**/api/v1/keys?*", (route) =>
    failing
      ? route.fulfill({
          status: 500,
          json: { error: { code: 500, message: "The store is busy", error_type: "server" } },
        })
      : route.continue(),
  );
  await page.goto(new URL("../keys", page.url()).href);
  await page.getByRole("alert").filter({ hasText: "The store is busy" }).waitFor();
  await page.check();
  failing = false;
  await page.getByRole("button", { name: "Retry" }).click();
  await row(page, "counted").waitFor();
});

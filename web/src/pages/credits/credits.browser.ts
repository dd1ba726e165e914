import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";

const visit = openBrowser();
const PLAN = `
[[plan]]
slug = "team"
name = "Team"
monthly_commitment = "500"
tiers = [{ from = "1000", percent = "5" }]
rates = [{ model = "acme/*", percent = "20" }]
`;
let paid: OwnGateway;
let free: OwnGateway;

async function call(own: OwnGateway): Promise<void> {
  const { key } = await own.api<{ key: string }>("POST", "/keys", { name: "app-1" });
  for (const model of ["tollgate/echo", "tollgate/prose"]) {
    const response = await own.complete(key, model, { max_tokens: 200 });
    expect(response.status).toBe(200);
    await response.json();
  }
}

beforeAll(async () => {
  [paid, free] = await Promise.all([
    startOwnGateway(`[billing]\nenabled = true\n${PLAN}`),
    startOwnGateway(""),
  ]);
  paid.run("credits", "add", "25", "--note", "invoice 7", "--id", "invoice-7");
  await call(paid);
  await call(free);
});
afterAll(() => Promise.all([paid?.stop(), free?.stop()]));

describe.each(LOOKS)("credits, $name", (look) => {
  it("are a ledger", async () => {
    const page = await visit("/credits", { ...look, root: paid.root });
    await page.getByRole("table", { name: "Movements" }).getByText("$25.00").first().waitFor();
    await page.getByRole("table", { name: "Calls by model" }).getByText("tollgate/prose").waitFor();
    await page.check();
    await page.shot(`credits-${look.name}`);
  });
  it("have plans", async () => {
    const page = await visit("/credits?tab=plan", { ...look, root: paid.root });
    await page
      .getByText("20.0 % off")
      .or(page.getByText(/off the list price/))
      .first()
      .waitFor();
    await page.check();
    await page.shot(`credits-plan-${look.name}`);
  });
  it("are spend where billing is off", async () => {
    const page = await visit("/credits", { ...look, root: free.root });
    await page.getByRole("heading", { name: "Spend" }).waitFor();
    await page.getByRole("table", { name: "Calls by model" }).waitFor();
    await page.check();
    await page.shot(`spend-${look.name}`);
  });
});

it("asks for each thing once", async () => {
  const page = await visit("/settings/about", { root: paid.root });
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) asked.push(pathname.replace("/api/v1", ""));
  });
  await page.goto(`${paid.root}credits`);
  await page.getByRole("table", { name: "Movements" }).waitFor();
  await page.quiet();
  const month = new Date().toISOString().slice(0, 7);
  // Months, and the days of this one.
  expect(asked.sort()).toEqual([
    "/analytics/query",
    "/analytics/query",
    "/credits",
    `/credits/statements/${month}`,
    "/session",
    "/workspaces",
  ]);
});

it("shows the balance as the statement has it, to the last digit", async () => {
  const month = new Date().toISOString().slice(0, 7);
  const { data } = await paid.api<{ data: { closing_balance: string } }>(
    "GET",
    `/credits/statements/${month}`,
  );
  const page = await visit("/credits", { root: paid.root });
  // Until the statement is there, the first figure is what was bought.
  await page.getByRole("table", { name: "Movements" }).waitFor();
  const balance = page.locator("dl data").first();
  expect(await balance.getAttribute("value")).toBe(data.closing_balance);
  expect(data.closing_balance.length).toBeGreaterThan("24.9".length);
});

it("has the balance after each line, which ends at that of the statement", async () => {
  const page = await visit("/credits", { root: paid.root });
  const table = page.getByRole("table", { name: "Movements" });
  await table.getByRole("columnheader", { name: "Balance" }).waitFor();
  const month = new Date().toISOString().slice(0, 7);
  const { data } = await paid.api<{ data: { closing_balance: string } }>(
    "GET",
    `/credits/statements/${month}`,
  );
  const rows = table.getByRole("row");
  expect(await rows.nth(1).innerText()).toContain("Calls of the day");
  const balance = rows.nth(1).locator("data").last();
  expect(await balance.getAttribute("value")).toBe(data.closing_balance);
  expect(await rows.nth(2).locator("data").last().getAttribute("value")).toBe("25");
  await page.getByText("left at the spend of the last 7 days").waitFor();
  await page.getByText("over a year").waitFor();
  await rows.nth(1).getByRole("link", { name: "Calls of the day" }).click();
  await page.getByRole("table", { name: "Calls" }).getByText("tollgate/prose").first().waitFor();
});

it.each([
  ["CSV", "csv"],
  ["PDF", "pdf"],
])("downloads the statement as %s", async (name, ending) => {
  const page = await visit("/credits", { root: paid.root });
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: `Download ${name}` }).click();
  const download = await coming;
  const month = new Date().toISOString().slice(0, 7);
  expect(download.suggestedFilename()).toBe(`statement_default_${month}.${ending}`);
  const bytes = readFileSync(await download.path());
  if (ending === "pdf") expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
  else expect(bytes.toString()).toContain("invoice-7");
});

it("has the account agree to a plan, and leave it", async () => {
  const page = await visit("/credits?tab=plan", { root: paid.root });
  await page.getByRole("button", { name: "Agree to Team" }).click();
  await page.getByText("A month costs at least").waitFor();
  await page.check();
  await page.shot("credits-agree");
  await page.getByRole("button", { name: "Agree to the plan" }).click();
  await page.getByText("In force", { exact: true }).waitFor();
  const plan = () => paid.api<{ data: { plan: string | null } }>("GET", "/credits/plan");
  expect((await plan()).data.plan).toBe("team");
  await page.getByRole("button", { name: "Leave Team" }).click();
  await page.getByRole("button", { name: "Leave the plan" }).click();
  await page.getByText("In force", { exact: true }).waitFor({ state: "detached" });
  expect((await plan()).data.plan).toBeNull();
});

it("says how credit comes in where none is sold", async () => {
  const page = await visit("/credits?tab=payments", { root: paid.root, refusals: true });
  await page.getByText("No credit is sold here").waitFor();
  await page.check();
  await page.shot("credits-payments");
  await page.getByRole("button", { name: "Buy credit" }).click();
  await page.getByRole("button", { name: "Go on to pay" }).click();
  await page.getByRole("dialog", { name: "No credit is sold here" }).waitFor();
  await page.check();
});

it("goes back month by month, to before anything had happened", async () => {
  const page = await visit("/credits", { root: paid.root, refusals: true });
  await page.getByRole("table", { name: "Movements" }).waitFor();
  await page.keyboard.press("[");
  await page.getByText("Nothing had happened by the end of").waitFor();
  expect(new URL(page.url()).searchParams.get("month")).toMatch(/^\d{4}-\d{2}$/);
  await page.check();
  await page.keyboard.press("]");
  await page.getByRole("table", { name: "Movements" }).waitFor();
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser } from "#browser/harness";
import { type OwnGateway, startOwnGateway } from "#browser/own-gateway";
import { bringIn } from "#browser/people";

const visit = openBrowser();
let own: OwnGateway;
let app: string;

const MODEL = "tollgate/prose";
const call = async (key: string) => {
  const response = await own.complete(key, MODEL);
  expect(response.status).toBe(200);
  await response.json();
};

beforeAll(async () => {
  own = await startOwnGateway("[alerts]\nbudget_thresholds = [50, 80, 100]\n");
  const made = await own.api<{ key: string }>("POST", "/keys", {
    name: "app-1",
    limit: 0.0004,
    limit_reset: "daily",
    rate_limits: { monthly_budget: "5" },
  });
  app = made.key;
  await own.api("POST", "/keys", { name: "batch" });
  await own.api("POST", "/workspaces", { name: "Research", slug: "research" });
  await own.api("PUT", "/workspaces/default/budgets/monthly", { limit_usd: 40 });
  await own.api("PUT", "/workspaces/default/budgets/daily", { limit_usd: 2 });
  await own.api("PUT", "/workspaces/default/budgets/lifetime", { limit_usd: 300 });
  await call(app);
});
afterAll(() => own?.stop());

describe.each(LOOKS)("budgets, $name", (look) => {
  it("are a tree, and asked for once", async () => {
    const page = await visit("/settings/about", { ...look, root: own.root });
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith("/api/")) asked.push(`${request.method()} ${pathname}`);
    });
    await page.goto(`${own.root}budgets`);
    await page.getByRole("list", { name: "Limits of app-1" }).waitFor();
    await page.getByRole("meter", { name: "Day of Default" }).waitFor();
    await page.getByText("No alerts yet").waitFor();
    await page.quiet();
    await page.check();
    await page.shot(`budgets-${look.name}`);
    // The session; workspaces; two budgets; keys; alerts; spend in all, by month, day and lifetime.
    expect(asked.length, asked.join("\n")).toBeLessThanOrEqual(10);
    expect(new Set(asked.filter((it) => it.startsWith("GET"))).size).toBe(
      asked.filter((it) => it.startsWith("GET")).length,
    );
  });

  it("are edited in a sheet that the address names", async () => {
    const page = await visit("/budgets", { ...look, root: own.root });
    await page.getByRole("button", { name: "Edit budgets of Default" }).click();
    await page.waitForURL((url) => url.searchParams.get("open")?.startsWith("workspace:") ?? false);
    await page.getByRole("form", { name: "Budgets" }).waitFor();
    await page.check();
    await page.shot(`budgets-edit-${look.name}`);
  });
});

it("refuses a longer interval that is smaller, then saves in an order that fits", async () => {
  await own.api("PUT", "/workspaces/research/budgets/daily", { limit_usd: 1 });
  await own.api("PUT", "/workspaces/research/budgets/weekly", { limit_usd: 5 });
  const page = await visit("/budgets", { root: own.root });
  await page.getByRole("button", { name: "Edit budgets of Research" }).click();
  const form = page.getByRole("form", { name: "Budgets" });
  await form.getByLabel("Month, in US dollars").fill("4");
  await form.getByText("More than the week’s $5").waitFor();
  await form.getByRole("button", { name: "Save budgets" }).click();
  await form.getByLabel("Month, in US dollars").fill("40.50");
  await form.getByLabel("Week, in US dollars").fill("20");
  await form.getByLabel("Day, in US dollars").fill("10");
  await form.getByRole("button", { name: "Save budgets" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const list = page.getByRole("list", { name: "Budgets of Research" });
  await list.getByText("$40.50").first().waitFor();
  const { data } = await own.api<{ data: { limit_usd: number }[] }>(
    "GET",
    "/workspaces/research/budgets",
  );
  expect(data.map((it) => it.limit_usd)).toEqual([10, 20, 40.5]);
});

it("changes what a key may spend", async () => {
  const page = await visit("/budgets", { root: own.root });
  await page.getByRole("button", { name: "batch" }).click();
  await page.getByLabel("Day, in US dollars").fill("0.25");
  await page.keyboard.press("Enter");
  await page.getByRole("list", { name: "Limits of batch" }).getByText("$0.25").first().waitFor();
});

it("shows an alert by itself when calls cross a threshold, and leads to what it is about", {
  timeout: 120_000,
}, async () => {
  const page = await visit("/budgets", { root: own.root });
  await page.getByText("No alerts yet").waitFor();
  const loads: string[] = [];
  page.on("framenavigated", (frame) => loads.push(frame.url()));
  // A call costs $0.00005: six and the one before are 80 % of app-1's $0.0004 a day.
  for (let index = 0; index < 6; index++) await call(app);
  const alerts = page.getByRole("list", { name: "Alerts" });
  const alert = alerts.getByText(/80 % of the daily .*app-1/);
  await alert.waitFor({ timeout: 90_000 });
  expect(loads).toEqual([]);
  await page.check();
  await page.shot("budgets-alert");
  await alerts.getByRole("listitem").first().getByRole("link").click();
  await page.waitForURL((url) => url.searchParams.get("open")?.startsWith("key:") ?? false);
  await page.getByRole("dialog").getByText("Budgets of app-1").waitFor();
});

it("says what failed in its place, and tries again", async () => {
  const page = await visit("/settings/about", { root: own.root, refusals: true });
  await page.route("**/api/v1/alerts*", (route) =>
    route.fulfill({ status: 500, json: { error: { message: "The store is away." } } }),
  );
  await page.goto(`${own.root}budgets`);
  await page.getByText("The alerts can't be read").waitFor();
  await page.getByRole("meter", { name: "Day of Default" }).waitFor();
  await page.unroute("**/api/v1/alerts*");
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByText("The alerts can't be read").waitFor({ state: "detached" });
});

it("tells a member of the keys of their workspaces", async () => {
  const person = await bringIn(own.root, own.api, "member");
  const page = await visit("/budgets", { root: own.root, person });
  await page.getByRole("meter", { name: "Day of Default" }).waitFor();
  await page.quiet();
  expect(await page.getByText("The keys can't be read").count()).toBe(0);
  await page.check();
  await page.shot("budgets-member");
});

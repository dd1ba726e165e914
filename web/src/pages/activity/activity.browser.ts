import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { api, complete, LOOKS, openBrowser, type Visit } from "#browser/harness";

const visit = openBrowser();
const MODELS = ["tollgate/echo", "tollgate/prose", "tollgate/think", "tollgate/json"];

interface Created {
  key: string;
  data: { hash: string };
}

interface Sums {
  data: { data: { usage: number; requests: number; model?: string; date?: string }[] };
}

interface Told {
  data: { subject: { id: string } }[];
}

/** The hashes of what is called with here: other files call at the same gateway. */
const hashes: Record<string, string> = {};

beforeAll(async () => {
  // Every half minute the gateway looks at budgets: meanwhile there is something to do.
  const greedy = await api<Created>("POST", "/keys", { name: "greedy", limit: 0.000001 });
  hashes.greedy = greedy.data.hash;
  for (let call = 0; call < 3; call++) await complete(greedy.key, "tollgate/prose");
  for (const [at, name] of ["shop", "search"].entries()) {
    const { key, data } = await api<Created>("POST", "/keys", { name });
    hashes[name] = data.hash;
    for (const model of MODELS.slice(at)) {
      for (let call = 0; call <= at; call++) await complete(key, model);
    }
  }
});

/** How often each address of the API was asked while something went on. */
function counted(page: Visit): () => Record<string, number> {
  const counts: Record<string, number> = {};
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname.replace(/^.*\/api\/v1/, "");
    if (request.url().includes("/api/v1")) counts[path] = (counts[path] ?? 0) + 1;
  });
  return () => counts;
}

const question = { metrics: ["usage", "requests"], dimensions: ["model"] };

describe.each(LOOKS)("activity, $name", (look) => {
  it("tells what was spent, by whom, as the API does", async () => {
    const page = await visit("/activity", look);
    const table = page.getByRole("table", { name: "Spend by model" });
    await table.waitFor();
    const { data } = await api<Sums>("POST", "/analytics/query", {
      ...question,
      order_by: { field: "usage" },
    });
    const names = await table.getByRole("rowheader").allInnerTexts();
    expect(names).toEqual(data.data.map(({ model }) => model));
    const requests = data.data.reduce((sum, row) => sum + row.requests, 0);
    await page.getByRole("link", { name: String(requests), exact: true }).waitFor();
    await page.locator("canvas").first().waitFor();
    await page.check();
    await page.shot(`activity-${look.name}`);
  });

  it("shows trends and explores", async () => {
    const page = await visit("/activity?tab=trends&range=24h", look);
    await page.getByRole("img", { name: /^Time to first token:/ }).waitFor();
    await page.locator("canvas").first().waitFor();
    await page.check();
    await page.shot(`activity-trends-${look.name}`);
    await page.getByRole("tab", { name: "Explore" }).click();
    await page.getByRole("img", { name: /^Usage by model per hour/ }).waitFor();
    await page.check();
    await page.shot(`activity-explore-${look.name}`);
  });
});

it("shows charts as tables with the same numbers", async () => {
  const page = await visit(`/activity?metric=requests&range=24h&tz=utc&key=${hashes.search}`);
  await page.getByRole("button", { name: "Requests per hour as table" }).click();
  const table = page.getByRole("table", { name: "Requests per hour" });
  const head = await table.getByRole("columnheader").allInnerTexts();
  expect(head.slice(1).sort()).toEqual(MODELS.slice(1).sort());
  const { data } = await api<Sums>("POST", "/analytics/query", {
    ...question,
    granularity: "hour",
    filters: [{ field: "api_key", operator: "eq", value: hashes.search }],
  });
  const rows = await table.locator("tbody").getByRole("row").all();
  const cells = await Promise.all(rows.map((row) => row.getByRole("cell").allInnerTexts()));
  for (const [at, model] of head.slice(1).entries()) {
    // Of hours in which nothing was called a dash is shown.
    const numbers = cells.map((row) => row[at]).filter((text) => text !== "–");
    const shown = numbers.reduce((sum, text) => sum + Number(text), 0);
    const told = data.data.filter((one) => one.model === model);
    expect(shown, model).toBe(told.reduce((sum, { requests }) => sum + requests, 0));
  }
  await page.check();
  await page.shot("activity-as-table");
});

it("filters by a click, keeps that in the address, and leads to the same rows of the log", async () => {
  const page = await visit("/activity?metric=requests");
  const table = page.getByRole("table", { name: "Requests by model" });
  const names = () => table.getByRole("rowheader").allInnerTexts();
  await table.waitFor();
  const all = await names();
  for (const model of MODELS) expect(all).toContain(model);
  await table.getByRole("button", { name: "tollgate/echo" }).click();
  await page.waitForURL(/model=tollgate\/echo/);
  await expect.poll(names).toEqual(["tollgate/echo"]);
  const link = table.getByRole("link", { name: /requests of tollgate\/echo in the log/ });
  const href = new URL((await link.getAttribute("href")) ?? "", page.url());
  expect(href.pathname).toBe("/logs");
  expect(href.searchParams.get("model")).toBe("tollgate/echo");
  expect(href.searchParams.get("range")).toMatch(/^\d{4}-.*\.\.\d{4}-/);
  await table.getByRole("button", { name: "tollgate/echo" }).click({ modifiers: ["Alt"] });
  await page.waitForURL(/model=!tollgate\/echo/);
  await expect.poll(names).toEqual(all.filter((model) => model !== "tollgate/echo"));
});

it("groups by key and names keys", async () => {
  const page = await visit("/activity?metric=requests&group=key");
  const table = page.getByRole("table", { name: "Requests by api key" });
  await table.getByRole("button", { name: "search" }).click();
  await page.waitForURL(/key=[0-9a-f]{64}/);
  await expect.poll(() => table.getByRole("rowheader").allInnerTexts()).toEqual(["search"]);
});

it("says what needs attention, and leads there", async () => {
  const told = async () =>
    (await api<Told>("GET", "/alerts")).data.filter(({ subject }) => subject.id === hashes.greedy);
  await expect.poll(told, { timeout: 45_000 }).toHaveLength(3);
  const page = await visit("/activity");
  const alert = page.getByRole("complementary", { name: "Needs attention" }).getByRole("link");
  await alert.filter({ hasText: "greedy" }).first().waitFor();
  // Of the three thresholds that were passed the highest is told of.
  expect(await alert.filter({ hasText: "greedy" }).allInnerTexts()).toEqual([
    expect.stringMatching(/^100 %/),
  ]);
  // It makes the numbers' column narrow: none may reach into another.
  const reachingOut = await page.locator("dl > div").evaluateAll((groups) =>
    groups.flatMap((group) => {
      const edge = group.getBoundingClientRect().right;
      const parts = [...group.querySelectorAll("a, span")];
      return parts
        .filter((part) => part.getBoundingClientRect().right > edge)
        .map((part) => part.textContent);
    }),
  );
  expect(reachingOut).toEqual([]);
  await page.check();
  await page.shot("activity-attention");
  await page.getByRole("link", { name: "Budgets" }).click();
  await page.getByRole("list", { name: "Alerts" }).getByText("greedy").first().waitFor();
  await page.goBack();
  await alert.filter({ hasText: "greedy" }).first().click();
  await page.waitForURL(new RegExp(`/keys\\?open=${hashes.greedy}`));
  await page.getByRole("dialog", { name: "greedy" }).waitFor();
}, 60_000);

it("saves charts and tables for spreadsheets and for programs", async () => {
  const page = await visit(`/activity?metric=requests&range=24h&tz=utc&key=${hashes.search}`);
  const table = page.getByRole("table", { name: "Requests by model" });
  await table.waitFor();
  const saved = async (button: string, format: string) => {
    await page.getByRole("button", { name: button, exact: true }).click();
    const coming = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: new RegExp(`^${format}`) }).click();
    const file = await coming;
    return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") };
  };
  const rows = await saved("Save the table", "JSON");
  expect(rows.name).toMatch(/^tollgate-activity-model_.+\.json$/);
  const { data } = JSON.parse(rows.text) as { data: { label: string; requests: number }[] };
  const { data: told } = await api<Sums>("POST", "/analytics/query", {
    ...question,
    filters: [{ field: "api_key", operator: "eq", value: hashes.search }],
  });
  expect(Object.fromEntries(data.map(({ label, requests }) => [label, requests]))).toEqual(
    Object.fromEntries(told.data.map(({ model, requests }) => [model, requests])),
  );
  const sheet = await saved("Save the table", "CSV");
  expect(sheet.text.split("\r\n")).toHaveLength(data.length + 2);

  const chart = await saved("Save Requests per hour", "JSON");
  expect(chart.name).toBe("tollgate-requests-per-hour.json");
  const drawn = JSON.parse(chart.text) as { series: string[]; data: { values: number[] }[] };
  expect(drawn.series.sort()).toEqual(MODELS.slice(1).sort());
  const sum = drawn.data.flatMap(({ values }) => values).reduce((all, value) => all + value, 0);
  expect(sum).toBe(told.data.reduce((all, row) => all + row.requests, 0));
  const lines = await saved("Save Requests per hour", "CSV");
  expect(lines.text.split("\r\n")).toHaveLength(drawn.data.length + 2);
});

it("keeps views of charts, and leads back to them", async () => {
  const page = await visit("/activity?tab=explore&measure=requests&sub=provider&look=table");
  await page.getByRole("table", { name: /^Requests by model and provider/ }).waitFor();
  await page.getByRole("button", { name: "Views" }).click();
  const views = page.getByRole("dialog", { name: "Saved views" });
  await views.getByRole("textbox").fill("Who asks whom");
  await page.keyboard.press("Enter");
  await page.check();
  await page.shot("activity-views");
  await page.goto(new URL("activity", page.url()).href);
  await page.getByRole("table", { name: "Spend by model" }).waitFor();
  await page.getByRole("button", { name: "Views" }).click();
  await views.getByRole("link", { name: "Who asks whom" }).click();
  await page.getByRole("table", { name: /^Requests by model and provider/ }).waitFor();
});

it("says where no provider has a key, and leads back into the set-up", async () => {
  const page = await visit("/activity");
  const told = page.getByRole("complementary", { name: "Needs attention" });
  await told.getByText("No provider has a key yet").waitFor();
  await told.getByRole("link", { name: "Add a key" }).click();
  await page.getByRole("heading", { name: "Connect a provider" }).waitFor();
});

it("says by what sums are not kept", async () => {
  const page = await visit("/activity?status=error");
  await page.getByRole("note").filter({ hasText: "not narrowed by status" }).waitFor();
  await page.check();
});

it("asks a few questions, and none for each row", async () => {
  const page = await visit("/settings/about");
  const counts = counted(page);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.getByRole("table", { name: "Spend by model" }).waitFor();
  await page.quiet();
  const asked = counts();
  // The numbers, what is over of them and before; the table and its two comparisons; the chart.
  expect(asked["/analytics/query"]).toBeLessThanOrEqual(7);
  expect(asked).toMatchObject({ "/analytics/meta": 1, "/alerts": 1, "/provider-keys": 1 });
  expect(Object.keys(asked).sort()).toEqual([
    "/alerts",
    "/analytics/meta",
    "/analytics/query",
    "/provider-keys",
  ]);
});

it("says in its place what failed, and tries again", async () => {
  const page = await visit("/settings/about", { refusals: true });
  let failing = true;
  await page.route("**/analytics/query", (route) =>
    failing
      ? route.fulfill({
          status: 500,
          json: { error: { code: 500, message: "The store is busy", error_type: "server" } },
        })
      : route.continue(),
  );
  await page.goto(new URL("../activity", page.url()).href);
  await page.getByRole("alert").filter({ hasText: "The store is busy" }).waitFor();
  await page.check();
  failing = false;
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByRole("table", { name: "Spend by model" }).waitFor();
});

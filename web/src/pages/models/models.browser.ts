import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { LOOKS, openBrowser, type Visit, type VisitOptions } from "#browser/harness";
import { type Simulator, startSimulator } from "#browser/simulator";
import { type Site, startSite } from "#browser/site";

const visit = openBrowser();
let simulator: Simulator;
let gateway: Gateway;
let site: Site;

// A key at OpenRouter brings some 380 models, as the catalogue knows them; nothing leaves the machine.
beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    TOLLGATE_CONFIG: simulator.config(`
[[provider]]
slug = "openrouter"
base_url = "${simulator.base}"
api_key = "sk-or-v1-0123456789abcdef"
[[provider]]
slug = "acme"
name = "Acme"
protocol = "openai-chat"
base_url = "${simulator.base}"
api_key = "sk-acme-0123456789"
privacy_policy_url = "https://acme.example/privacy"
[[provider]]
slug = "other"
name = "Other"
protocol = "openai-chat"
base_url = "${simulator.base}"
api_key = "sk-other-0123456789"
[[model]]
id = "acme/helper-1.5"
name = "Acme: Helper 1.5"
context_length = 128000
input = ["text", "image"]
[[endpoint]]
model = "acme/helper-1.5"
provider = "acme"
upstream_model = "prose"
price = { input = "0.10", output = "0.40", cache_read = "0.01", tiers = [{ above = 100000, input = "0.20", output = "0.80" }] }
[[endpoint]]
model = "acme/helper-1.5"
provider = "other"
upstream_model = "prose"
price = { input = "0.30", output = "1.20" }
[[model]]
id = "acme/deep/v1.5"
name = "Acme: Deep"
context_length = 32000
[[endpoint]]
model = "acme/deep/v1.5"
provider = "acme"
upstream_model = "echo"
price = { input = "1", output = "2" }
`),
  });
  site = await startSite(gateway, "/");
  await callAround();
});

const asking = (path: string, key: string, body: object) =>
  fetch(`${gateway.url}/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Enough calls at one provider to say how fast it is, and too few at another; two fail. */
async function callAround(): Promise<void> {
  const made = await asking("/keys", gateway.managementKey, { name: "busy-app" });
  const { key } = (await made.json()) as { key: string };
  const call = async (only: string, more: object = {}) => {
    const response = await asking("/chat/completions", key, {
      model: "acme/helper-1.5",
      messages: [{ role: "user", content: "Hello" }],
      max_tokens: 8,
      stream: true,
      provider: { only: [only] },
      ...more,
    });
    await response.text();
  };
  for (let done = 0; done < 24; done += 6) {
    await Promise.all(Array.from({ length: 6 }, () => call("acme")));
  }
  await Promise.all(Array.from({ length: 3 }, () => call("other")));
  await call("other", { model: "acme/deep/v1.5", provider: {} });
}
afterAll(async () => {
  await site.stop();
  await gateway.stop();
  await simulator.stop();
});

const open = async (path: string, options: VisitOptions = {}): Promise<Visit> => {
  const page = await visit(path, { ...options, root: site.url });
  page.setDefaultTimeout(5_000);
  return page;
};

/** The calls of the API that a page makes from now on, but for the session. */
function calls(page: Visit): string[] {
  const made: string[] = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.includes("/api/v1/") && !pathname.endsWith("/session")) {
      made.push(pathname.slice("/api/v1".length) + search);
    }
  });
  return made;
}

it("draws how each endpoint did in 30 days", async () => {
  const told = () =>
    fetch(`${gateway.url}/api/v1/routing/history?range=30d&model=acme/helper-1.5`, {
      headers: { authorization: `Bearer ${gateway.managementKey}` },
    }).then(async (response) => (await response.json()).data.endpoints.length);
  // What was counted is written every ten seconds.
  await expect.poll(told, { timeout: 20_000 }).toBe(2);
  const page = await open("/acme/helper-1.5");
  const strip = page.getByRole("img", { name: /^Acme: 100\.00.% up in 30 days, 0 of 24 failed; / });
  await strip.waitFor();
  await page.getByRole("img", { name: /^Other: too few to say in 30 days/ }).waitFor();
  await page.getByRole("row", { name: /^Acme/ }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("slider", { name: "Uptime by day, step by step" }).waitFor();
  await page.check();
  await page.shot("model-uptime");
});

const table = (page: Visit) => page.getByRole("table", { name: "Models" });

describe.each(LOOKS)("models, $name", (look) => {
  it("lists what can be called", async () => {
    const page = await open("/models?q=claude", look);
    await table(page).getByRole("row").nth(3).waitFor();
    await page.check();
    await page.shot(`models-${look.name}`);
  });

  it("compares with what a mix costs", async () => {
    const page = await open(
      "/models?compare=openai/gpt-4.1,acme/helper-1.5,anthropic/claude-sonnet-4.5",
      look,
    );
    await page.getByText("cheapest", { exact: true }).waitFor();
    await page.check();
    await page.shot(`models-compare-${look.name}`);
  });

  it("draws what was measured at each endpoint", async () => {
    const page = await open("/acme/helper-1.5?tab=performance&range=7d", look);
    const table = page.getByRole("table", { name: "By endpoint" });
    await table.getByRole("row").filter({ hasText: "Acme" }).getByText("24").waitFor();
    await table
      .getByRole("row")
      .filter({ hasText: "Other" })
      .getByText("too few")
      .first()
      .waitFor();
    await page.getByRole("img", { name: /^Time to first token, p50: Acme last/ }).waitFor();
    await page.getByText("None: every call in this time went well.").waitFor();
    await page.quiet();
    await page.check();
    await page.shot(`model-performance-${look.name}`);
  });

  it("says what our own calls came to", async () => {
    const page = await open("/acme/helper-1.5?tab=usage", look);
    await page.getByRole("link", { name: "busy-app" }).waitFor();
    await page.check();
    await page.shot(`model-usage-${look.name}`);
  });

  it.each(["providers", "parameters", "code", "json"])("has a page of its own: %s", async (tab) => {
    const page = await open(`/acme/helper-1.5?tab=${tab}`, look);
    await page.getByRole("heading", { name: "Acme: Helper 1.5" }).waitFor();
    await page.getByRole("tab", { name: new RegExp(`^${tab}`, "i"), selected: true }).waitFor();
    await page.quiet();
    await page.check();
    await page.shot(`model-${tab}-${look.name}`);
  });
});

it("is quick with more than 300 models, and asks for each thing once", async () => {
  const page = await open("/settings/about");
  const made = calls(page);
  const began = Date.now();
  await page.goto(`${site.url}models`);
  await table(page).getByRole("row").nth(10).waitFor();
  expect(Date.now() - began).toBeLessThan(3_000);
  await page.quiet();
  expect(made.sort()).toEqual([
    "/analytics/query",
    "/models/user?output_modalities=all",
    "/providers",
  ]);
  const count = Number(await table(page).getAttribute("aria-rowcount"));
  expect(count).toBeGreaterThan(300);
  const shown = await table(page).getByRole("row").count();
  expect(shown).toBeLessThan(60);
  await page.shot("models-all");

  // What a key press costs in the page itself, until the next frame is there.
  made.length = 0;
  const taken = await page.evaluate(async () => {
    const field = document.querySelector<HTMLInputElement>('input[aria-label="Find a model"]');
    const rows = () =>
      Number(document.querySelector('[aria-label="Models"]')?.getAttribute("aria-rowcount") ?? 0);
    const before = rows();
    const start = performance.now();
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
    if (field) set?.call(field, "gpt-4");
    field?.dispatchEvent(new Event("input", { bubbles: true }));
    while (rows() === before && performance.now() - start < 5_000) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return performance.now() - start;
  });
  expect(taken).toBeLessThan(500);
  expect(page.url()).toContain("q=gpt-4");
  expect(made).toEqual([]);
});

it("is bounded by facets and sorted, all of it in the address", async () => {
  const page = await open("/models");
  const filters = page.getByRole("complementary", { name: "Filters" });
  const made = calls(page);
  await filters
    .getByRole("checkbox", { name: /^Image/ })
    .first()
    .check();
  await filters.getByRole("checkbox", { name: /^Tools/ }).check();
  await filters.getByRole("combobox", { name: "Price" }).click();
  await page.getByRole("option", { name: "$0.5 in /M at most" }).click();
  await page.getByRole("button", { name: "In /M", exact: true }).click();
  await expect.poll(() => new URL(page.url()).search).toContain("sort=-prompt");
  for (const part of ["input=image", "supports=tools", "price=0.5"]) {
    expect(new URL(page.url()).search).toContain(part);
  }
  expect(made).toEqual([]);
  const prices = async () => {
    const texts = await table(page).getByRole("row").getByText(/^\$/).allInnerTexts();
    return texts.length;
  };
  expect(await prices()).toBeGreaterThan(5);
  await filters.getByRole("checkbox", { name: "Acme" }).check();
  await table(page).getByText("acme/helper-1.5").waitFor();
  await expect.poll(() => table(page).getAttribute("aria-rowcount")).toBe("2");
  expect(made).toEqual(["/models/user?output_modalities=all&providers=acme"]);
  await page.getByRole("button", { name: "Show API call" }).click();
  const code = await page.getByRole("dialog").innerText();
  for (const part of [
    "/models/user?",
    "max_price=0.5",
    "providers=acme",
    "supported_parameters=tools",
  ]) {
    expect(code).toContain(part);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Clear 4 filters" }).click();
  await expect
    .poll(async () => Number(await table(page).getAttribute("aria-rowcount")))
    .toBeGreaterThan(300);
  expect(new URL(page.url()).search).toBe("?sort=-prompt");

  await page.getByRole("switch", { name: "Usable with my keys" }).click();
  await expect.poll(() => made.at(-1)).toBe("/models?output_modalities=all");
  await page.getByRole("searchbox", { name: "Find a model" }).fill("no such model");
  await page.getByText("No model matches").waitFor();
  await page.check();
});

it("opens a model by keyboard, and comes back to the list as it was", async () => {
  const page = await open("/models?q=helper");
  await table(page).getByText("acme/helper-1.5").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Acme: Helper 1.5" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/acme/helper-1.5");
  await page.goBack();
  await table(page).getByText("acme/helper-1.5").waitFor();
  expect(page.url()).toContain("q=helper");
  await page.keyboard.press("/");
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
    .toBe("Find a model");
});

it("ticks models and puts them side by side, to the cent", async () => {
  const page = await open("/models?q=acme");
  await page.getByRole("checkbox", { name: "Compare acme/helper-1.5" }).check();
  await page.getByRole("button", { name: "Compare", exact: true }).isDisabled();
  await page.getByRole("checkbox", { name: "Compare acme/deep/v1.5" }).check();
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByRole("heading", { name: "Compare models" }).waitFor();
  expect(decodeURIComponent(page.url())).toContain("compare=acme/helper-1.5,acme/deep/v1.5");
  // 1,000 × (2,000 × $0.10 + 500 × $0.40) / 1,000,000, and ten times as dear in.
  await page.getByRole("cell", { name: /^≈.\$0\.40 ?cheapest$/ }).waitFor();
  await page.getByRole("cell", { name: /^≈.\$3\.00$/ }).waitFor();
  await page.getByRole("spinbutton", { name: "Input tokens each" }).fill("200000");
  // Beyond the step: 1,000 × (200,000 × $0.20 + 500 × $0.80) / 1,000,000.
  await page.getByRole("cell", { name: /^≈.\$40\.40 ?cheapest$/ }).waitFor();
  expect(page.url()).toContain("mix=200000,0,500,1000");
  await page.getByRole("button", { name: "Leave out acme/deep/v1.5" }).click();
  await page.getByRole("combobox", { name: "Add a model" }).fill("gpt-4.1-nano");
  await page
    .getByRole("option", { name: /^openai\/gpt-4.1-nano/ })
    .first()
    .click();
  await page.getByRole("link", { name: "GPT-4.1 Nano" }).waitFor();
  const link = page.getByRole("link", { name: "Open in Playground" });
  expect(decodeURIComponent((await link.getAttribute("href")) ?? "")).toContain(
    "chat?models=acme/helper-1.5,openai/gpt-4.1-nano",
  );
  await page.check();
});

describe("deep links", () => {
  it.each([
    ["/acme/helper-1.5", "Acme: Helper 1.5"],
    ["/acme/deep/v1.5", "Acme: Deep"],
    ["/google/gemma-4-31b-it:free", "Google: Gemma 4 31B (free)"],
    ["/openrouter/auto", "Auto Router"],
    ["/~anthropic/claude-haiku-latest", null],
  ])("%s leads to its model", async (path, name) => {
    const page = await open(path);
    await page.getByRole("tab", { name: /^Providers/ }).waitFor();
    if (name) expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe(name);
    await page.check();
  });

  it("follow OpenRouter's address for what is compared", async () => {
    const page = await open("/compare/acme/helper-1.5/openai/gpt-4.1");
    await page.getByRole("link", { name: "GPT-4.1", exact: true }).waitFor();
    expect(decodeURIComponent(page.url())).toContain(
      "models?compare=acme/helper-1.5,openai/gpt-4.1",
    );
  });

  it("say what to do where nobody serves the model", async () => {
    const page = await open("/nobody/knows-1.0", { refusals: true });
    await page.getByText("No key reaches a model of this name").waitFor();
    await page.check();
  });

  it("leave addresses that are nobody's what they were", async () => {
    const page = await open("/nowhere", { refusals: true });
    await page.getByText("Nothing is at this address").waitFor();
  });

  it("open the sheet of an endpoint, and the samples have the real address", async () => {
    const page = await open("/acme/helper-1.5?open=acme");
    const sheet = page.getByRole("dialog");
    await sheet
      .getByText("Input from 100 K")
      .or(sheet.getByText(/^Input from 100/))
      .first()
      .waitFor();
    await sheet.getByText("acme.example/privacy").waitFor();
    await page.check();
    await page.shot("model-endpoint");
    await page.goto(`${site.url}acme/helper-1.5?tab=code`);
    await page.getByText(`curl ${site.url}api/v1/chat/completions`).waitFor();
  });

  it("ask for a model in five calls", async () => {
    const page = await open("/settings/about");
    const made = calls(page);
    await page.goto(`${site.url}acme/helper-1.5`);
    await page.getByRole("table", { name: "Providers" }).getByText("Other").first().waitFor();
    await page.quiet();
    expect(made.sort()).toEqual([
      "/model/acme%2Fhelper-1.5",
      "/models/acme%2Fhelper-1.5/endpoints",
      "/provider-keys",
      "/providers",
      "/routing/history?range=30d&model=acme%2Fhelper-1.5",
    ]);
  });
});

it("has what our own calls came to in the list, sorted and switched off", async () => {
  const page = await open("/models?sort=-spend");
  const first = table(page).getByRole("row").nth(1);
  await first.getByText("acme/helper-1.5").waitFor();
  await first.getByTitle("Of 27 calls in 30 days").first().waitFor();
  await table(page).getByRole("columnheader", { name: "Uptime" }).waitFor();
  await table(page).getByTitle("Of 1 calls in 30 days: too few to say").first().waitFor();
  await page.check();
  await page.shot("models-measured");
  await table(page).getByRole("button", { name: "TTFT p50" }).click();
  await page.waitForURL(/sort=-latency/);
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Uptime" }).uncheck();
  await page.keyboard.press("Escape");
  await page.reload();
  await table(page).getByRole("columnheader", { name: "Spend 30 d" }).waitFor();
  expect(await table(page).getByRole("columnheader", { name: "Uptime" }).count()).toBe(0);
});

it("leads from a model's numbers to its calls", async () => {
  const page = await open("/acme/helper-1.5?tab=usage");
  await page.getByRole("link", { name: "27", exact: true }).first().click();
  await page.waitForURL(/\/logs\?model=acme/);
  await page.getByRole("table", { name: "Calls" }).getByRole("row").nth(5).waitFor();
  await page.goBack();
  await page.getByRole("table", { name: "Keys" }).getByRole("link", { name: /\$/ }).click();
  await page.waitForURL(/\/activity\?.*key=/);
});

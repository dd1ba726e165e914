import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { LOOKS, openBrowser, type Visit, type VisitOptions } from "#browser/harness";
import { type Simulator, startSimulator } from "#browser/simulator";
import { type Site, startSite } from "#browser/site";

const visit = openBrowser();
let simulator: Simulator;
let gateway: Gateway;
let site: Site;
let key: string;

async function api<T>(path: string, body: unknown, bearer: string): Promise<T> {
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

const call = (model: string, provider?: string) =>
  api(
    "/chat/completions",
    {
      model,
      messages: [{ role: "user", content: "Hello" }],
      ...(provider ? { provider: { only: [provider] } } : {}),
    },
    key,
  );

async function history(): Promise<{ incidents: unknown[] }> {
  const response = await fetch(`${gateway.url}/api/v1/routing/history`, {
    headers: { authorization: `Bearer ${gateway.managementKey}` },
  });
  return ((await response.json()) as { data: { incidents: unknown[] } }).data;
}

beforeAll(async () => {
  simulator = await startSimulator();
  const provider = (slug: string) => `
[[provider]]
slug = "${slug}"
name = "${slug.charAt(0).toUpperCase()}${slug.slice(1)}"
protocol = "openai-chat"
base_url = "${simulator.base}"
api_key = "sk-${slug}-0123456789"
`;
  const endpoint = (model: string, slug: string, upstream: string) => `
[[endpoint]]
model = "${model}"
provider = "${slug}"
upstream_model = "${upstream}"
price = { input = "0.10", output = "0.40" }
`;
  gateway = await startGateway({
    TOLLGATE_CONFIG: simulator.config(`
${["steady", "shaky", "limited"].map(provider).join("")}
[[model]]
id = "acme/helper-1.5"
context_length = 128000
[[model]]
id = "acme/deep/v1.5"
context_length = 128000
${endpoint("acme/helper-1.5", "steady", "prose")}
${endpoint("acme/helper-1.5", "shaky", "prose+status:503")}
${endpoint("acme/helper-1.5", "limited", "prose+status:429")}
${endpoint("acme/deep/v1.5", "steady", "prose")}
`),
  });
  site = await startSite(gateway, "/");
  ({ key } = await api<{ key: string }>("/keys", { name: "app" }, gateway.managementKey));
});
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

it("teaches while nothing has been called, with a call that works", async () => {
  const page = await open("/status");
  await page.getByText("No endpoint has been called yet").waitFor();
  await page.getByText(`curl ${site.url}api/v1/chat/completions`).waitFor();
  await page.check();
  await page.shot("health-empty");
});

describe("with calls", () => {
  beforeAll(async () => {
    for (let at = 0; at < 7; at++) {
      await call("acme/helper-1.5", "steady");
      await call("acme/helper-1.5", "shaky");
    }
    await call("acme/deep/v1.5");
    // What was counted is written every ten seconds.
    await vi.waitFor(async () => expect((await history()).incidents).toHaveLength(1), {
      timeout: 30_000,
      interval: 250,
    });
  });

  it.each(LOOKS)("shows each endpoint's state in words, $name", async (look) => {
    // It is left alone for a moment only.
    await call("acme/helper-1.5", "limited");
    const page = await open("/status", look);
    await page.getByText(/^Of 4 endpoints, /).waitFor();
    await page.getByText("Well").first().waitFor();
    await page
      .getByText(/Left alone|Open to one try|Failed just now|Uptime below/)
      .first()
      .waitFor();
    const incident = page.getByRole("list", { name: "Incidents" }).getByRole("listitem");
    await incident.getByText("Goes on").waitFor();
    await incident.getByText(/^\d+ of \d+ failed: \d+ overloaded$/).waitFor();
    const at = await page.locator("time").first().getAttribute("datetime");
    expect(Math.abs(Date.now() - Date.parse(at ?? ""))).toBeLessThan(60_000);
    await page.check();
    await page.shot(`health-${look.name}`);
  });

  it.each(LOOKS)("has the numbers of one in the sheet, $name", async (look) => {
    const page = await open("/status?open=steady/acme/helper-1.5", look);
    const sheet = page.getByRole("dialog");
    await sheet.getByText("Closed: calls go there").waitFor();
    await sheet
      .getByText(/100\.00/)
      .first()
      .waitFor();
    await sheet
      .getByRole("img", { name: /^Uptime by time: 100\.00.% up in 24 hours, 0 of \d+ failed; / })
      .waitFor();
    await sheet.getByText("No incident in this time.").waitFor();
    await page.check();
    await page.shot(`health-sheet-${look.name}`);
  });

  it("tells of a step by keyboard and pointer, and of all of them as a table", async () => {
    const page = await open("/status?open=shaky/acme/helper-1.5", { width: 390, height: 844 });
    const sheet = page.getByRole("dialog");
    const strip = sheet.getByRole("slider", { name: "Uptime by time, step by step" });
    await strip.focus();
    // The quarter of an hour may have turned since.
    const told = async () => {
      const text = (await strip.getAttribute("aria-valuetext")) ?? "";
      if (text.includes("No attempts")) await page.keyboard.press("ArrowLeft");
      return text;
    };
    await expect.poll(told).toMatch(/0\.00.% up, \d+ of/);
    await sheet.getByText(/^0\.00.% up$/).waitFor();
    await page.keyboard.press("Home");
    await sheet.getByText("No attempts", { exact: true }).waitFor();
    expect(await strip.getAttribute("aria-valuenow")).toBe("0");
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    expect(await strip.getAttribute("aria-valuenow")).toBe("94");
    const width = (await strip.boundingBox())?.width ?? 0;
    await strip.hover({ position: { x: width - 1, y: 8 } });
    await expect.poll(() => strip.getAttribute("aria-valuenow")).toBe("95");
    await page.check();
    await page.shot("health-sheet-step");
    await sheet.getByRole("button", { name: "Uptime by time as table" }).click();
    const table = sheet.getByRole("table", { name: "Uptime by time" });
    await table
      .getByText(/^0\.00/)
      .first()
      .waitFor();
    await page.check();
  });

  it("looks back as far as is chosen, and leads from an incident to the calls that failed", async () => {
    const page = await open("/status?q=shaky");
    await page.getByRole("heading", { name: "Incidents in 24 hours" }).waitFor();
    await page.getByRole("combobox", { name: "Time" }).click();
    await page.getByRole("option", { name: "Last 30 days" }).click();
    await page.getByRole("heading", { name: "Incidents in 30 days" }).waitFor();
    expect(new URL(page.url()).searchParams.get("range")).toBe("30d");
    const incidents = page.getByRole("list", { name: "Incidents" });
    await incidents.getByRole("button", { name: "acme/helper-1.5" }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("img", { name: /in 30 days, / }).waitFor();
    await sheet.getByRole("button", { name: "Close" }).click();
    await page.getByRole("searchbox").fill("steady");
    await page.getByText("No incident in this time.").waitFor();
    await page.getByRole("searchbox").fill("");
    await incidents.getByRole("link", { name: "Failed calls in Logs" }).click();
    await page.getByRole("heading", { name: "Logs", level: 1 }).waitFor();
    const { searchParams: search } = new URL(page.url());
    expect([search.get("model"), search.get("provider"), search.get("status")]).toEqual([
      "acme/helper-1.5",
      "shaky",
      "error",
    ]);
    await page.getByRole("row").nth(7).waitFor();
  });

  it("is about one model where the address says so, with endpoints that were not called", async () => {
    const page = await open("/status?model=acme/deep/v1.5");
    await page.getByRole("button", { name: "Well" }).waitFor();
    await page.getByRole("button", { name: "acme/deep/v1.5 ×" }).click();
    await page.getByText(/^Of 4 endpoints, /).waitFor();
    await page.getByRole("switch", { name: "Only in trouble" }).click();
    await expect.poll(() => page.getByText("acme/deep/v1.5").count()).toBe(0);
    await page.getByRole("searchbox").fill("nothing like this");
    await page.getByText("Nothing is in trouble").waitFor();
    await page.getByRole("button", { name: "Clear all filters" }).click();
    await page.getByText("acme/deep/v1.5").waitFor();
    expect(new URL(page.url()).search).toBe("");
  });

  it("asks once, then every ten seconds (of the history every minute), and not while nobody sees it", async () => {
    const page = await open("/settings/about", { once: true });
    const asked = { health: 0, history: 0, other: 0 };
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (!pathname.startsWith("/api/v1/") || pathname.endsWith("/session")) return;
      const [, name = ""] = pathname.split("/routing/");
      asked[name === "health" || name === "history" ? name : "other"]++;
    });
    await page.clock.install();
    await page.goto(`${site.url}status`);
    await page.getByText(/^Of 4 endpoints, /).waitFor();
    await page.getByText("Goes on").waitFor();
    expect(asked).toEqual({ health: 1, history: 1, other: 0 });
    await page.clock.runFor(10_500);
    await expect.poll(() => asked).toEqual({ health: 2, history: 1, other: 0 });
    await page.clock.runFor(51_000);
    await expect.poll(() => asked.history).toBe(2);
    // Another tab comes to the front.
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    const before = { ...asked };
    await page.clock.runFor(60_000);
    expect(asked).toEqual(before);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
      Object.defineProperty(document, "hidden", { value: false, configurable: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await expect.poll(() => asked.health).toBeGreaterThan(before.health);
  });

  it("says what failed, and tries again", async () => {
    const page = await open("/settings/about", { refusals: true });
    await page.route("**/api/v1/routing/health", (route) =>
      route.fulfill({ status: 500, body: "{}" }),
    );
    await page.goto(`${site.url}status`);
    await page.getByText("The health of endpoints can't be read").waitFor();
    await page.check();
    await page.unroute("**/api/v1/routing/health");
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText(/^Of 4 endpoints, /).waitFor();
  });
});

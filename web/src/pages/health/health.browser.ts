import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
    await page.check();
    await page.shot(`health-sheet-${look.name}`);
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

  it("asks once, then every ten seconds, and not while nobody sees it", async () => {
    const page = await open("/settings/about", { once: true });
    let asked = 0;
    page.on("request", (request) => {
      if (request.url().includes("/api/v1/") && !request.url().endsWith("/session")) asked++;
    });
    await page.clock.install();
    await page.goto(`${site.url}status`);
    await page.getByText(/^Of 4 endpoints, /).waitFor();
    expect(asked).toBe(1);
    await page.clock.runFor(10_500);
    await expect.poll(() => asked).toBe(2);
    // Another tab comes to the front.
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await page.clock.runFor(60_000);
    expect(asked).toBe(2);
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
      Object.defineProperty(document, "hidden", { value: false, configurable: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
    await expect.poll(() => asked).toBeGreaterThan(2);
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

import { beforeAll, describe, expect, it } from "vitest";
import { api, complete, openBrowser, type Visit } from "./harness";

const visit = openBrowser();

/** Every page of the rail, and those that are reached from one. */
const PAGES = [
  "/activity",
  "/activity?tab=trends",
  "/activity?tab=explore",
  "/budgets",
  "/chat",
  "/credits",
  "/status",
  "/keys",
  "/logs",
  "/logs?tab=errors",
  "/models",
  "/presets",
  "/providers",
  "/routing",
  "/routing/explain",
  "/settings/about",
  "/team",
];

beforeAll(async () => {
  const { key } = await api<{ key: string }>("POST", "/keys", { name: "conditions" });
  for (const model of ["tollgate/echo", "tollgate/prose"]) await complete(key, model);
});

describe("at 200 %", () => {
  // A window of 1280 × 800 at 200 % has room for 640 × 400.
  it.each(PAGES)("%s has everything within reach", async (path) => {
    const page = await visit(path, { width: 640, height: 400 });
    await page.quiet();
    expect(await page.locator("h1").first().innerText()).not.toBe("No such page");
    await page.check();
    const { covered, total } = await reach(page);
    expect(total).toBeGreaterThan(0);
    expect(covered).toEqual([]);
  });
});

/** What of the page's own controls cannot be brought into view, or lies below something else there. */
async function reach(page: Visit): Promise<{ covered: string[]; total: number }> {
  return page.evaluate(() => {
    const controls = [
      ...document.querySelectorAll<HTMLElement>("#main button, #main a[href], #main input"),
    ].filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true]"));
    const covered = controls.filter((one) => {
      one.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
      const { left, top, width, height } = one.getBoundingClientRect();
      if (width === 0 || height === 0) return false;
      const [x, y] = [left + width / 2, top + height / 2];
      const found = document.elementFromPoint(x, y);
      return !found || !(one.contains(found) || found.contains(one) || found.closest("label"));
    });
    return { covered: covered.map((one) => one.outerHTML.slice(0, 160)), total: controls.length };
  });
}

const DELAY_MS = 3_000;
/** What stands beside the sums comes after them. */
const ALERTS_DELAY_MS = 4_500;
const ALERTS = {
  data: ["search", "support", "reports"].map((name) => ({
    id: name,
    kind: "budget_threshold",
    subject: { type: "key", id: name, name, workspace_id: null },
    message: `100 % of the daily budget of the key ${name} is spent`,
    details: { threshold_percent: 100 },
    created_at: new Date().toISOString(),
    deliveries: [],
  })),
};
/** What a page may move while it comes, as browsers measure it: above it is felt. */
const SHIFT_MAX = 0.1;

describe("with an API that takes three seconds", () => {
  it.each(["/activity", "/budgets", "/status", "/keys", "/logs", "/models", "/providers", "/team"])(
    "%s shows its outline, does not jump, and asks once",
    async (path) => {
      const page = await visit("/settings/about", { once: true });
      await page.quiet();
      await page.addInitScript(() => {
        const shifts: number[] = [];
        Object.assign(window, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            const { value, hadRecentInput } = entry as PerformanceEntry & {
              value: number;
              hadRecentInput: boolean;
            };
            if (!hadRecentInput) shifts.push(value);
          }
        }).observe({ type: "layout-shift", buffered: true });
      });
      const asked: string[] = [];
      await page.route("**/api/v1/**", async (route) => {
        const request = route.request();
        const url = new URL(request.url());
        asked.push(`${request.method()} ${url.pathname}${url.search} ${request.postData() ?? ""}`);
        const alerts = url.pathname.endsWith("/alerts");
        const delay = alerts ? ALERTS_DELAY_MS : DELAY_MS;
        await new Promise((resolve) => setTimeout(resolve, delay));
        if (alerts) return route.fulfill({ json: ALERTS }).catch(() => undefined);
        await route.continue().catch(() => undefined);
      });
      await page.goto(new URL(`..${path}`, page.url()).href);
      await page.locator("h1").waitFor();
      const outlines = page.locator('#main [role=status][aria-label$=": loading"]');
      await outlines.first().waitFor();
      await page.shot(`slow${path.replaceAll("/", "-")}`);
      await page.check();
      await expect.poll(() => outlines.count(), { timeout: 20_000 }).toBe(0);
      await page.quiet();
      const twice = asked.filter((one, index) => asked.indexOf(one) !== index);
      expect(twice).toEqual([]);
      expect(asked.length).toBeLessThanOrEqual(12);
      const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
      const sum = shifts.reduce((all, one) => all + one, 0);
      expect(sum, "layout shift").toBeLessThan(SHIFT_MAX);
      await page.check();
    },
  );
});

import { expect, it } from "vitest";
import { api, complete, openBrowser, type Visit } from "#browser/harness";

const visit = openBrowser();

/** So many calls the log has; the API tells of them page after page. */
const MANY = 100_000;
const PAGE = 200;
/** So many frames are looked at, each time that something is scrolled. */
const FRAMES = 300;
/** A frame that takes so long is seen as a halt; a busy machine may make one in a hundred. */
const HALT_MS = 200;
/** Thirty frames a second. */
const FRAME_MAX_MS = 34;
/** The page's own part of a frame in which every row is another one. */
const COMPUTED_MAX_MS = 40;

interface Row {
  id: string;
  created_at: string;
  model: string;
}

let row: Row | undefined;

/** A real row, told of many times with other ids and moments. */
async function realRow(): Promise<Row> {
  if (row) return row;
  const { key } = await api<{ key: string }>("POST", "/keys", { name: "many" });
  await complete(key, "tollgate/echo", { user: "many-rows" });
  const told = () => api<{ data: Row[] }>("GET", "/logs?user=many-rows");
  await expect.poll(async () => (await told()).data.length).toBeGreaterThan(0);
  row = (await told()).data[0];
  if (!row) throw new Error("no row");
  return row;
}

const idOf = (index: number) => `gen-many-${String(MANY - index).padStart(6, "0")}`;

/** Answers for the API as it would with so many calls: a page, and where the next one begins. */
async function pages(page: Visit): Promise<{ asked: () => number }> {
  const real = await realRow();
  const until = Date.parse(real.created_at);
  let asked = 0;
  await page.route(/\/api\/v1\/logs\?/, async (route) => {
    asked += 1;
    const start = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
    const end = Math.min(start + PAGE, MANY);
    const data = Array.from({ length: end - start }, (_, at) => ({
      ...real,
      id: idOf(start + at),
      created_at: new Date(until - (start + at) * 100).toISOString(),
    }));
    await route.fulfill({ json: { data, next: end < MANY ? String(end) : null } });
  });
  return { asked: () => asked };
}

const table = (page: Visit) => page.getByRole("table", { name: "Calls" });

/** Scrolls to the end again and again, until the last call is there. */
async function readAll(page: Visit): Promise<void> {
  await table(page).evaluate(
    (element, last) =>
      new Promise<void>((done) => {
        const step = () => {
          element.scrollTop = element.scrollHeight;
          if (element.querySelector(`[aria-rowindex="${last}"]`)) done();
          else requestAnimationFrame(step);
        };
        step();
      }),
    MANY + 1,
  );
}

interface Scrolled {
  /** How long each frame took, in milliseconds, the shortest first. */
  frames: number[];
  /** The most rows that were in the document, and the most elements of any kind. */
  rows: number;
  elements: number;
  /** How often no row at all was there. */
  blank: number;
}

/** Scrolls from the first call on, so many pixels in each frame, or in equal parts to the last one. */
async function scroll(page: Visit, pixels: number | "all"): Promise<Scrolled> {
  return table(page).evaluate(
    (element, { pixels, count }) =>
      new Promise<Scrolled>((done) => {
        const step = pixels === "all" ? element.scrollHeight / count : pixels;
        const seen: Scrolled = { frames: [], rows: 0, elements: 0, blank: 0 };
        element.scrollTop = 0;
        let before = performance.now();
        const next = (now: number) => {
          seen.frames.push(now - before);
          before = now;
          const rows = element.querySelectorAll("[role=row]").length;
          seen.rows = Math.max(seen.rows, rows);
          seen.elements = Math.max(seen.elements, document.querySelectorAll("*").length);
          // The heading is a row, too.
          if (rows < 2) seen.blank += 1;
          element.scrollTop += step;
          if (seen.frames.length < count) requestAnimationFrame(next);
          else done({ ...seen, frames: seen.frames.sort((a, b) => a - b) });
        };
        requestAnimationFrame(next);
      }),
    { pixels, count: FRAMES },
  );
}

/** Milliseconds that the page's own thread has computed so far, whatever else the machine does. */
async function computing(page: Visit): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1_000;
  };
}

it("of 100,000 are scrolled through without a halt, with few of them in the document", async () => {
  const page = await visit("/settings/about", { once: true });
  const { asked } = await pages(page);
  await page.goto(new URL("../logs?range=24h", page.url()).href);
  await table(page).waitFor();
  await readAll(page);
  expect(asked()).toBe(MANY / PAGE);
  const computed = await computing(page);

  const smooth = async (pixels: number | "all") => {
    const before = await computed();
    const { frames, rows, elements, blank } = await scroll(page, pixels);
    const each = ((await computed()) - before) / FRAMES;
    const halts = frames.filter((ms) => ms > HALT_MS).length;
    expect(rows).toBeLessThan(60);
    expect(elements).toBeLessThan(2_500);
    expect(blank).toBe(0);
    expect(each, "computed in a frame, ms").toBeLessThan(COMPUTED_MAX_MS);
    expect(frames[FRAMES / 2], "the median frame, ms").toBeLessThan(FRAME_MAX_MS);
    expect(halts, `frames over ${HALT_MS} ms`).toBeLessThanOrEqual(FRAMES / 100);
  };
  await smooth(120);
  await smooth("all");
  await table(page).focus();
  await page.keyboard.press("End");
  await page.locator(`[role=row][aria-rowindex="${MANY + 1}"]`).waitFor();
  await page.check();
  await page.shot("logs-hundred-thousand");

  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark" });
  await smooth("all");
  await page.check();
  await page.shot("logs-hundred-thousand-phone");
  expect(asked()).toBe(MANY / PAGE);
}, 120_000);

it("has room for the names of keys where times have their day", async () => {
  const { key, data } = await api<{ key: string; data: { hash: string } }>("POST", "/keys", {
    name: "checkout-service",
  });
  await complete(key, "tollgate/prose");
  const page = await visit(`/logs?range=7d&key=${data.hash}`);
  const name = page.getByRole("cell", { name: "checkout-service", exact: true }).first();
  await name.waitFor();
  const cut = await name.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  expect(cut).toBe(false);
  await page.shot("logs-dated");
});

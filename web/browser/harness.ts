/**
 * What browser tests work with:
 *
 *     const visit = openBrowser();                       // in a test file, once
 *     const page = await visit("/logs", { theme: "dark", width: 390 });
 *     await page.check();                               // axe, console, policy, sideways scroll
 *     await page.shot("logs-dark");                     // only when screens are asked for
 *
 * Each visit is signed in, in a tab that knows nothing of the tests before. After each test the console
 * and the content security policy must have had nothing to say.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type BrowserContext, chromium, type Page, type Request } from "playwright-core";
import { afterEach, beforeAll, expect, inject } from "vitest";
import type { Place } from "./global-setup";
import { Tabs } from "./tabs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SCREENS = process.env.SCREENS;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface Credentials {
  email: string;
  password: string;
}

export interface VisitOptions {
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** Somebody who is not signed in. */
  stranger?: boolean;
  /** Somebody else than the first owner, who is there already: `bringIn` of `#browser/people`. */
  person?: Credentials;
  /** Whether answers with an error are what is tested: the browser's own lines on them don't count. */
  refusals?: boolean;
  /** Another site than the dashboard. */
  root?: string;
  /** Below the prefix rather than at the root. */
  prefixed?: boolean;
  /** What is done to the tab can't be undone, such as to its clock: it is used once. */
  once?: boolean;
}

export interface Visit extends Page {
  /** Accessibility, policy, console and width, all at once. */
  check: () => Promise<void>;
  /** Until the page asks for nothing more. What it listens to doesn't end, and doesn't count. */
  quiet: () => Promise<void>;
  /** A picture for the documentation, when SCREENS names a folder. */
  shot: (name: string) => Promise<void>;
}

/** The gateway of this worker. Files that ran before have left there what they made. */
export function place(): Place {
  const found = inject("places")[Number(process.env.VITEST_POOL_ID) - 1];
  if (!found) throw new Error("no gateway for this worker");
  return found;
}

/** The API with the management key, to put data there. */
export async function api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
  const { gateway, managementKey } = place();
  const response = await fetch(`${gateway}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${managementKey}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** A call of a model with a key, as an app makes it. */
export async function complete(key: string, model: string, more: object = {}): Promise<unknown> {
  const response = await fetch(`${place().gateway}/api/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...more }),
  });
  return response.json();
}

/** The first owner of every gateway here. */
export const PERSON = { email: "ada@example.com", password: "correct horse battery" };

type Cookies = Awaited<ReturnType<BrowserContext["cookies"]>>;
const sessions = new Map<string, Cookies>();

/** Signs the first owner in, once for each site; makes them where nobody has yet. */
async function signIn(context: BrowserContext, root: string, person: Credentials): Promise<void> {
  const name = `${root} ${person.email}`;
  const before = sessions.get(name);
  if (before) return context.addCookies(before);
  const { origin } = new URL(root);
  const call = (path: string, data: object) =>
    context.request.post(`${root}api/v1${path}`, { data, headers: { origin } });
  const signed = await call("/session", person);
  if (!signed.ok()) {
    const made = await call("/setup", { ...person, first_name: "Ada" });
    if (!made.ok()) throw new Error(`set-up: ${made.status()} ${await made.text()}`);
  }
  sessions.set(name, await context.cookies());
}

let opened: Promise<Tabs> | undefined;

/** The browser of this worker, for all files that it runs. It ends with the worker. */
function openedTabs(): Promise<Tabs> {
  opened ??= chromium
    .launch({ executablePath: CHROMIUM, args: FLAGS })
    .then((browser) => new Tabs(browser));
  return opened;
}

export function openBrowser(): (path: string, options?: VisitOptions) => Promise<Visit> {
  let tabs: Tabs;
  let again = true;
  let complaints: string[] = [];
  beforeAll(async () => {
    // Another gateway may have a port that was free again.
    sessions.clear();
    tabs = await openedTabs();
  });
  afterEach(async ({ task }) => {
    const said = complaints;
    complaints = [];
    await tabs.leave(again && task.result?.state !== "fail");
    again = true;
    expect(said, "console and content security policy").toEqual([]);
  });

  return async (path, options = {}) => {
    const { theme = "light", width = 1280, height = 800 } = options;
    const root = options.root ?? (options.prefixed ? place().prefixed : place().site);
    if (options.once) again = false;
    const page = await tabs.take({ theme, width, height });
    if (!options.stranger) await signIn(page.context(), root, options.person ?? PERSON);
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (options.refusals && message.text().startsWith("Failed to load resource")) return;
      complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    const quiet = watchRequests(page);
    await page.goto(`${root}${path.replace(/^\//, "")}`);
    await page.locator("h1").first().waitFor();
    return Object.assign(page, {
      check: async () => {
        await accessible(page);
        await noSidewaysScroll(page);
        expect(complaints).toEqual([]);
      },
      quiet,
      shot: async (name: string) => {
        if (!SCREENS) return;
        mkdirSync(SCREENS, { recursive: true });
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: `${SCREENS}/${name}.png`, animations: "disabled" });
      },
    });
  };
}

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** WCAG 2.2 AA, as far as a program can tell. */
async function accessible(page: Page): Promise<void> {
  const loaded = await page.evaluate(() => "axe" in window);
  if (!loaded) await page.evaluate(AXE);
  const result = await page.evaluate(
    () =>
      // biome-ignore lint/suspicious/noExplicitAny: axe has put itself there
      (window as any).axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        resultTypes: ["violations"],
      }) as Promise<AxeResult>,
  );
  const found = result.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ""}`).join("\n")}`,
  );
  expect(found, "accessibility").toEqual([]);
}

/** So long a page that has nothing else to do asks for nothing. */
const QUIET_MS = 200;

/** Counts requests from now on, and gives what waits until there are none. */
function watchRequests(page: Page): () => Promise<void> {
  const underWay = new Set<Request>();
  let begun = 0;
  page.on("request", (request) => {
    begun += 1;
    if (!new URL(request.url()).pathname.endsWith("/events")) underWay.add(request);
  });
  page.on("requestfinished", (request) => underWay.delete(request));
  page.on("requestfailed", (request) => underWay.delete(request));
  return async () => {
    for (let before = -1; before !== begun || underWay.size > 0; ) {
      before = begun;
      // On a busy machine the page may not have come yet to what it will ask for.
      await page.evaluate(
        (ms) =>
          new Promise((done) => {
            setTimeout(() => requestIdleCallback(done, { timeout: 1_000 }), ms);
          }),
        QUIET_MS,
      );
    }
  };
}

async function noSidewaysScroll(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth;
  });
  expect(wide, "sideways scroll").toBe(false);
}

/** The three ways in which every page has to be seen. */
export const LOOKS: readonly (VisitOptions & { name: string })[] = [
  { name: "light", theme: "light" },
  { name: "dark", theme: "dark" },
  { name: "phone", theme: "light", width: 390, height: 844 },
];

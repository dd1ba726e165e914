/**
 * What browser tests work with:
 *
 *     const visit = openBrowser();                       // in a test file, once
 *     const page = await visit("/logs", { theme: "dark", width: 390 });
 *     await page.check();                               // axe, console, policy, sideways scroll
 *     await page.shot("logs-dark");                     // only when screens are asked for
 *
 * Each visit is signed in and has a context of its own. After each test the console and the content
 * security policy must have had nothing to say.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

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

export interface VisitOptions {
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** Somebody who is not signed in. */
  stranger?: boolean;
  /** Whether answers with an error are what is tested: the browser's own lines on them don't count. */
  refusals?: boolean;
  /** Another site than the dashboard. */
  root?: string;
  /** Below the prefix rather than at the root. */
  prefixed?: boolean;
}

export interface Visit extends Page {
  /** Accessibility, policy, console and width, all at once. */
  check: () => Promise<void>;
  /** A picture for the documentation, when SCREENS names a folder. */
  shot: (name: string) => Promise<void>;
}

/** The API with the management key, to put data there. */
export async function api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${inject("gateway")}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${inject("managementKey")}`,
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
  const response = await fetch(`${inject("gateway")}/api/v1/chat/completions`, {
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
async function signIn(context: BrowserContext, root: string): Promise<void> {
  const before = sessions.get(root);
  if (before) return context.addCookies(before);
  const { origin } = new URL(root);
  const call = (path: string, data: object) =>
    context.request.post(`${root}api/v1${path}`, { data, headers: { origin } });
  const signed = await call("/session", PERSON);
  if (!signed.ok()) {
    const made = await call("/setup", { ...PERSON, first_name: "Ada" });
    if (!made.ok()) throw new Error(`set-up: ${made.status()} ${await made.text()}`);
  }
  sessions.set(root, await context.cookies());
}

export function openBrowser(): (path: string, options?: VisitOptions) => Promise<Visit> {
  let browser: Browser;
  let contexts: BrowserContext[] = [];
  let complaints: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const said = complaints;
    complaints = [];
    for (const context of contexts) await context.close();
    contexts = [];
    expect(said, "console and content security policy").toEqual([]);
  });

  return async (path, options = {}) => {
    const { theme = "light", width = 1280, height = 800 } = options;
    const root = options.root ?? inject(options.prefixed ? "prefixed" : "site");
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: "reduce",
      hasTouch: width < 768,
    });
    contexts.push(context);
    if (!options.stranger) await signIn(context, root);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (options.refusals && message.text().startsWith("Failed to load resource")) return;
      complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    await page.goto(`${root}${path.replace(/^\//, "")}`);
    await page.locator("h1").first().waitFor();
    return Object.assign(page, {
      check: async () => {
        await accessible(page);
        await noSidewaysScroll(page);
        expect(complaints).toEqual([]);
      },
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
      }) as Promise<AxeResult>,
  );
  const found = result.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ""}`).join("\n")}`,
  );
  expect(found, "accessibility").toEqual([]);
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

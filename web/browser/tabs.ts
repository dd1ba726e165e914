/**
 * Tabs that are used again: to open one costs more than to load a page in it. Between two tests a tab is
 * led away from the dashboard and loses what it kept: storage, cookies, permissions, routes, listeners.
 */
import type { Browser, CDPSession, Page } from "playwright-core";

export interface Look {
  theme: "light" | "dark";
  width: number;
  height: number;
}

interface Tab {
  page: Page;
  /** For what can be changed in a tab by its protocol alone. */
  session: CDPSession;
}

/** What tests listen to; the library itself listens to the end of a page. */
const LISTENED = [
  "console",
  "dialog",
  "download",
  "framenavigated",
  "pageerror",
  "request",
  "requestfailed",
  "requestfinished",
  "response",
] as const;
/** Answered by every gateway, and nothing runs there. */
const AWAY = "/health/live";
/** Shorter than a test may take, so that what did not come is named. */
const TIMEOUT_MS = 15_000;

export class Tabs {
  readonly #browser: Browser;
  #free: Tab[] = [];
  #taken: Tab[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** A tab that looks so, with nothing in it. Two of a test share nothing. */
  async take({ theme, width, height }: Look): Promise<Page> {
    const tab = this.#free.pop() ?? (await this.#open());
    this.#taken.push(tab);
    const { page, session } = tab;
    await Promise.all([
      page.setViewportSize({ width, height }),
      page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" }),
      session.send("Emulation.setTouchEmulationEnabled", { enabled: width < 768 }),
    ]);
    return page;
  }

  /** Takes all of them back. After a failure, or where they can't be cleaned, new ones are opened. */
  async leave(again: boolean): Promise<void> {
    const taken = this.#taken;
    this.#taken = [];
    await Promise.all(
      taken.map(async (tab) => {
        if (again && (await cleaned(tab))) this.#free.push(tab);
        else await tab.page.context().close();
      }),
    );
  }

  async #open(): Promise<Tab> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    return { page, session: await context.newCDPSession(page) };
  }
}

/** Whether that is done; a gateway that has gone answers no more. */
async function cleaned({ page }: Tab): Promise<boolean> {
  const context = page.context();
  for (const event of LISTENED) page.removeAllListeners(event);
  page.setDefaultTimeout(TIMEOUT_MS);
  try {
    await page.unrouteAll({ behavior: "ignoreErrors" });
    const answer = await page.goto(new URL(AWAY, page.url()).href);
    if (!answer?.ok()) return false;
    await page.evaluate(() => {
      localStorage.clear();
      sessionStorage.clear();
    });
    await Promise.all([context.clearCookies(), context.clearPermissions()]);
    return context.pages().length === 1;
  } catch {
    return false;
  }
}

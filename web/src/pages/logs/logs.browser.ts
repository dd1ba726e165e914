import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, type Visit, type VisitOptions } from "#browser/harness";
import { startWorld, type World } from "#browser/world";

const open = openBrowser();
let world: World;
const visit = (path: string, options: VisitOptions = {}) =>
  open(path, { ...options, root: world.url });

interface Row {
  id: string;
  created_at: string;
  attempts: unknown[];
}

const rowsOf = async (query = "") =>
  (await world.api<{ data: Row[] }>("GET", `/logs${query}`)).data;

beforeAll(async () => {
  world = await startWorld();
  const docs = { "x-title": "Docs, the app" };
  for (let count = 0; count < 12; count++) {
    await world.call("acme/helper", { user: count % 3 === 0 ? "ada" : "bob" }, docs);
  }
  await world.call("echo", { user: "ada" });
  await world.call("acme/broken", { user: "bob" });
  await world.call("acme/broken");
  await world.api("PATCH", "/workspaces/default", { is_observability_io_logging_enabled: true });
  await world.call("acme/helper", { user: "kept", stream: true });
}, 120_000);
afterAll(() => world?.stop());

const rows = (page: Visit) => page.getByRole("table", { name: "Calls" }).getByRole("row");
const search = (page: Visit) => new URL(page.url()).searchParams;
const calls = (page: Visit) => page.getByRole("table", { name: "Calls" });

/** What the page asks of the API from now on. */
function asked(page: Visit): string[] {
  const paths: string[] = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith("/api/")) paths.push(url.pathname.replace("/api/v1", ""));
  });
  return paths;
}

it("tells an answer that was told again as such, and leads to where it is from", async () => {
  const kept = { "x-openrouter-cache": "true" };
  const again = () => world.call("acme/helper", { user: "again" }, kept);
  const source = (await again()).headers.get("x-generation-id") ?? "";
  await expect
    .poll(async () => (await again()).headers.get("x-openrouter-cache-status"))
    .toBe("HIT");
  const page = await visit("/logs?user=again");
  await rows(page)
    .getByRole("img", { name: /^Kept answer from the cache/ })
    .first()
    .waitFor();
  await rows(page).filter({ hasText: "Told again" }).first().click();
  const sheet = page.getByRole("dialog");
  await sheet.getByText(/Told again: nobody was asked/).waitFor();
  await sheet.getByText(/It saved .+: that one took .+, this one /).waitFor();
  await page.check();
  await page.shot("logs-told-again");
  await sheet.getByRole("link", { name: source }).first().click();
  await page.waitForURL(new RegExp(`open=${source}`));
  await sheet.getByText(/^Served by/).waitFor();
});

describe.each(LOOKS)("the log, $name", (look) => {
  it("lists calls", async () => {
    const page = await visit("/logs", look);
    await calls(page).waitFor();
    await page.getByText("acme/broken").first().waitFor();
    await page.check();
    await page.shot(`logs-${look.name}`);
  });

  it("groups errors", async () => {
    const page = await visit("/logs?tab=errors", look);
    await page.getByRole("table", { name: "Errors" }).waitFor();
    await page.check();
    await page.shot(`logs-errors-${look.name}`);
  });

  it("shows one call", async () => {
    const [fallen] = (await rowsOf("?fallback=true&status=ok")).filter(({ attempts }) => attempts);
    const page = await visit(`/logs?open=${fallen?.id}`, look);
    await page.getByRole("dialog").getByRole("heading", { name: "Why this provider" }).waitFor();
    await page.check();
    await page.shot(`logs-call-${look.name}`);
    await page.getByRole("heading", { name: "Cost" }).scrollIntoViewIfNeeded();
    await page.getByRole("heading", { name: "Feedback" }).scrollIntoViewIfNeeded();
    await page.shot(`logs-call-more-${look.name}`);
  });

  it("teaches where nothing was called", async () => {
    const page = await visit("/logs?range=yesterday", look);
    await page.getByText("No calls in this range").waitFor();
    await page.check();
    await page.shot(`logs-empty-${look.name}`);
  });
});

describe("asking", () => {
  it("is one request for the rows, one for the counts and one stream", async () => {
    const page = await visit("/settings/about");
    // What the page before asks for is its own.
    await page.quiet();
    const paths = asked(page);
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    await calls(page).waitFor();
    await page.getByRole("slider", { name: "Calls over time" }).waitFor();
    await page.quiet();
    expect(paths.filter((path) => path !== "/session").sort()).toEqual([
      "/events",
      "/logs",
      "/logs/histogram",
    ]);
  });

  it("for a call is one more, and none for each row", async () => {
    const page = await visit("/logs");
    await calls(page).waitFor();
    await page.quiet();
    const paths = asked(page);
    await rows(page).nth(2).click();
    await page.getByRole("heading", { name: "Why this provider" }).waitFor();
    await page.quiet();
    expect(paths).toEqual(["/generation"]);
  });
});

describe("filters", () => {
  it("are in the address, and going back undoes them", async () => {
    const page = await visit("/logs");
    await page.getByRole("button", { name: "Status", exact: true }).click();
    const menu = page.getByRole("dialog", { name: "Filter by status" });
    await menu.getByRole("button", { name: /^error/ }).waitFor();
    await page.check();
    await page.shot("logs-facets");
    await menu.getByRole("button", { name: /^error/ }).click();
    await page.waitForURL((url) => url.searchParams.get("status") === "error");
    await page.keyboard.press("Escape");
    await page.waitForFunction(
      () => document.querySelector("[aria-label=Calls]")?.getAttribute("aria-rowcount") === "3",
    );
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has("status"));
    await page.getByText("acme/helper").first().waitFor();
  });

  it("are suggested with counts while they are typed, by one request for a field", async () => {
    const page = await visit("/logs");
    await calls(page).waitFor();
    const paths = asked(page);
    await page.keyboard.press("/");
    await page.keyboard.type("model:acme/b", { delay: 20 });
    const option = page.getByRole("option", { name: "acme/broken" });
    await option.waitFor();
    expect(await option.innerText()).toMatch(/2$/);
    await option.click();
    await page.waitForURL((url) => url.searchParams.get("model") === "acme/broken");
    expect(paths.filter((path) => path === "/logs/facets")).toHaveLength(1);
  });

  it("come from values of a call, with commas in them, too", async () => {
    const page = await visit("/logs?user=ada&app=Docs%5C%2C%20the%20app");
    await calls(page).waitFor();
    await page.getByText("Docs, the app").first().waitFor();
    await rows(page).nth(1).click();
    await page.getByRole("button", { name: "Filter by first-app" }).click();
    await page.waitForURL((url) => /^[0-9a-f]{64}$/.test(url.searchParams.get("key") ?? ""));
    expect(search(page).get("open")).not.toBeNull();
    await page.getByRole("button", { name: "Remove Key first-app" }).waitFor();
    await calls(page).waitFor();
    expect(await rows(page).count()).toBe(5);
  });

  it("say where nothing matches", async () => {
    const page = await visit("/logs?user=nobody");
    await page.getByText("No calls match").waitFor();
    await page.getByRole("button", { name: "Clear all filters" }).click();
    await calls(page).waitFor();
    expect(search(page).has("user")).toBe(false);
  });

  it("that make no sense are told in the place of the rows", async () => {
    const page = await visit("/logs?min_ms=soon", { refusals: true });
    await page.getByText("The log can't be read").waitFor();
    await page.getByText("min_ms: Expected a number of milliseconds").first().waitFor();
    await page.check();
    await page.shot("logs-refused");
  });
});

describe("keys", () => {
  it("walk the filtered rows in their order, and what is open follows", async () => {
    const expected = (await rowsOf("?user=bob")).map(({ id }) => id);
    const page = await visit("/logs?user=bob");
    await calls(page).waitFor();
    for (const key of ["j", "j", "k", "j"]) await page.keyboard.press(key);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("open") === expected[1]);
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("j");
    await page.waitForURL((url) => url.searchParams.get("open") === expected[2]);
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.searchParams.has("open"));
  });
});

describe("the histogram", () => {
  const place = async (page: Visit) => {
    const slider = page.getByRole("slider", { name: "Calls over time" });
    await slider.waitFor();
    const box = await slider.boundingBox();
    if (!box) throw new Error("no box");
    // The last bar that has something.
    const share = await slider.evaluate((element) => {
      const bars = [...element.querySelectorAll("g")];
      const heights = bars.map((bar) =>
        [...bar.querySelectorAll("rect")].reduce((sum, part) => sum + part.height.baseVal.value, 0),
      );
      return (heights.findLastIndex((height) => height > 0) + 0.5) / bars.length;
    });
    return { box, x: box.x + box.width * share };
  };

  it("leads from a red bar to a failed attempt in three clicks", async () => {
    const page = await visit("/logs?model=acme/broken");
    await calls(page).waitFor();
    const { box, x } = await place(page);
    await page.mouse.click(x, box.y + box.height - 2);
    await page.waitForURL(
      (url) =>
        url.searchParams.get("status") === "error" &&
        (url.searchParams.get("range") ?? "").includes(".."),
    );
    await rows(page).nth(1).click();
    const attempt = page.getByRole("figure", { name: "Where the time went" });
    await attempt.getByText("500").first().waitFor();
    await attempt.getByText("First").first().waitFor();
    await page.shot("logs-failed-attempt");
  });

  it("is looked into by a drag, and going back looks at all of it", async () => {
    const page = await visit("/logs?range=24h");
    await calls(page).waitFor();
    const before = await rows(page).count();
    const { box, x } = await place(page);
    await page.mouse.move(x - 60, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(x - 20, box.y + 20, { steps: 4 });
    await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => (url.searchParams.get("range") ?? "").includes(".."));
    await calls(page).waitFor();
    await page.getByText("This range has ended").waitFor();
    await page.goBack();
    await page.waitForURL((url) => url.searchParams.get("range") === "24h");
    await calls(page).waitFor();
    expect(await rows(page).count()).toBe(before);
  });

  it("is walked by keys", async () => {
    const page = await visit("/logs");
    const slider = page.getByRole("slider", { name: "Calls over time" });
    await slider.focus();
    await page.keyboard.press("ArrowLeft");
    expect(await slider.getAttribute("aria-valuetext")).toMatch(/\d ok/);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => (url.searchParams.get("range") ?? "").includes(".."));
  });
});

describe("what happens meanwhile", () => {
  it("is shown where nothing was, and waits above the rows where there are some", async () => {
    const page = await visit("/logs?user=live");
    // The list is asked for once the stream has begun.
    await page.getByText("No calls match").waitFor();
    await world.call("acme/helper", { user: "live" });
    await calls(page).waitFor();
    expect(await rows(page).count()).toBe(2);
    await world.call("acme/helper", { user: "live" });
    await world.call("acme/helper", { user: "another" });
    const button = page.getByRole("button", { name: "▲ 1 new" });
    await button.waitFor();
    expect(await rows(page).count()).toBe(2);
    await page.check();
    await button.click();
    await rows(page).nth(2).waitFor();
    expect(await rows(page).count()).toBe(3);
  });

  it("is shown at once while it is followed", async () => {
    const page = await visit("/logs?user=followed&follow=true");
    // The list is asked for once the stream has begun.
    await page.getByText("No calls match").waitFor();
    for (let count = 0; count < 3; count++) {
      await world.call("acme/helper", { user: "followed" });
      await rows(page)
        .nth(count + 1)
        .waitFor();
    }
    await page.shot("logs-following");
    await page.keyboard.press("f");
    await page.waitForURL((url) => !url.searchParams.has("follow"));
  });
});

describe("errors", () => {
  it("in groups lead to their calls", async () => {
    const page = await visit("/logs?tab=errors");
    await page.getByText("Provider returned error").click();
    await page.waitForURL(
      (url) =>
        url.searchParams.get("status") === "502" && url.searchParams.get("provider") === "first",
    );
    await calls(page).waitFor();
    expect(await rows(page).count()).toBe(3);
  });
});

describe("a call", () => {
  it("shows what was said where it is kept, and takes feedback", async () => {
    const [kept] = await rowsOf("?user=kept");
    const page = await visit(`/logs?user=kept&open=${kept?.id}`);
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("button", { name: "Show what was said" }).click();
    await sheet.getByText("Hello", { exact: true }).waitFor();
    await sheet.getByText("answer", { exact: true }).waitFor();
    await sheet.getByRole("button", { name: "Say what was wrong" }).click();
    await sheet.getByRole("textbox", { name: "Comment" }).fill("It rambles");
    await sheet.getByRole("button", { name: "Send" }).click();
    await sheet.getByText("It rambles").waitFor();
    await page.check();
    await page.shot("logs-call-kept");
  });

  it("is copied as a line for a shell, and replayed", async () => {
    const [kept] = await rowsOf("?user=kept");
    const page = await visit(`/logs?open=${kept?.id}`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toContain("/api/v1/chat/completions");
    expect(text).toContain('"content": "Hello"');
    expect(text).not.toMatch(/sk-or-v1-/);
    const link = page.getByRole("link", { name: "Replay in playground" });
    expect(await link.getAttribute("href")).toBe(`/chat?from=${kept?.id}`);
  });

  it("that is not there says so", async () => {
    const page = await visit("/logs?open=gen-1-nothing", { refusals: true });
    await page.getByText("No such call").waitFor();
    await page.check();
  });
});

it("says of calls of another range that they are of before, until the new ones come", async () => {
  const page = await visit("/logs?range=today", { refusals: true });
  await rows(page).filter({ hasText: "acme/helper" }).first().waitFor();
  await page.quiet();
  await page.context().setOffline(true);
  await page.keyboard.press("[");
  await page.getByText("Of before: the gateway can't be reached").waitFor();
  expect(search(page).get("range")).toBe("yesterday");
  // The number of calls is not said of a range that it is not of.
  const scope = page.locator("header").filter({ has: page.locator("h1") });
  expect(await scope.innerText()).not.toMatch(/\d calls/);
  await page.shot("logs-before");
  await page.context().setOffline(false);
  await page.getByText("No calls in this range").waitFor();
  expect(await page.getByText(/^Of before/).count()).toBe(0);
});

it("is exported with the same filters", async () => {
  const page = await visit("/logs?user=ada");
  await calls(page).waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: /CSV/ }).click();
  const file = await download;
  expect(new URL(file.url()).searchParams.get("user")).toBe("ada");
  expect(file.suggestedFilename()).toMatch(/^tollgate-logs_.+\.csv$/);
  const stream = await file.createReadStream();
  let text = "";
  for await (const piece of stream) text += String(piece);
  // The heading, four calls of the helper and one of the echo.
  expect(text.trim().split("\r\n").length).toBe(6);
});

it("keeps the columns that were chosen", async () => {
  const page = await visit("/logs", { width: 1600 });
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "User" }).check();
  await page.getByRole("columnheader", { name: "User" }).waitFor();
  await page.check();
  await page.reload();
  await page.getByRole("columnheader", { name: "User" }).waitFor();
});

describe("many calls", () => {
  const MANY = 10_050;

  beforeAll(async () => {
    let made = 0;
    const work = async () => {
      while (made < MANY) {
        made += 1;
        await (await world.call("echo", { user: "many" })).arrayBuffer();
      }
    };
    await Promise.all(Array.from({ length: 32 }, work));
  }, 300_000);

  it("are scrolled through with few of them in the document, page after page", async () => {
    const page = await visit("/logs?user=many");
    const table = calls(page);
    await table.waitFor();
    const paths = asked(page);
    let pages = 1;
    const loaded = () => table.evaluate((element) => element.scrollHeight);
    for (let height = await loaded(); pages < 60; ) {
      await table.evaluate((element) => {
        element.scrollTop = element.scrollHeight;
      });
      const more = await page
        .waitForFunction(
          (before) => (document.querySelector("[aria-label=Calls]")?.scrollHeight ?? 0) > before,
          height,
          { timeout: 3_000 },
        )
        .then(() => true)
        .catch(() => false);
      if (!more) break;
      height = await loaded();
      pages += 1;
      expect(await rows(page).count()).toBeLessThan(60);
    }
    await page.locator(`[role=row][aria-rowindex="${MANY + 1}"]`).waitFor();
    expect(pages).toBe(Math.ceil(MANY / 200));
    // One request for each page, and nothing else.
    expect(paths).toEqual(Array.from({ length: pages - 1 }, () => "/logs"));
    expect(await table.getAttribute("aria-rowcount")).toBe(String(MANY + 1));
    await page.shot("logs-many");
  }, 120_000);

  it("are not read again when the window is looked at again", async () => {
    const page = await visit("/logs?user=many");
    await calls(page).waitFor();
    await page.quiet();
    const paths = asked(page);
    await page.evaluate(() =>
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true })),
    );
    await page.quiet();
    expect(paths.filter((path) => path.startsWith("/logs"))).toEqual([]);
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, type Gateway, startGateway } from "#browser/gateway";
import { api, LOOKS, openBrowser, type Visit } from "#browser/harness";
import { type Site, startSite } from "#browser/site";

const visit = openBrowser();

const prompt = (page: Visit) => page.getByRole("textbox", { name: "Message" });
const answer = (page: Visit, letter: string) => page.getByRole("log", { name: `Answer ${letter}` });

async function ask(page: Visit, text: string): Promise<void> {
  await prompt(page).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** Until nothing is under way any more. */
const ended = (page: Visit) => page.getByRole("button", { name: "Send", exact: true }).waitFor();

/** What the page asks the API for. */
function watch(page: Visit): string[] {
  const calls: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.includes("/api/"))
      calls.push(`${request.method()} ${pathname.split("/api/v1")[1]}`);
  });
  return calls;
}

describe.each(LOOKS)("what stands there, $name", (look) => {
  it("before anything was asked", async () => {
    const page = await visit("/chat", look);
    await page.getByRole("button", { name: /Call a tool/ }).waitFor();
    await page.check();
    await page.shot(`chat-empty-${look.name}`);
  });

  it("when two models have answered", async () => {
    const page = await visit("/chat?models=tollgate/prose,tollgate/think", look);
    await ask(page, "Explain how a toll bridge makes money.");
    await ended(page);
    if (look.name === "phone") {
      await page.getByRole("tab", { name: /^B/ }).click();
      await answer(page, "B").waitFor();
    } else {
      await page.getByText(/^(Fastest|Cheapest|Longest)/).waitFor();
    }
    await page.check();
    await page.shot(`chat-compared-${look.name}`);
    await page.getByRole("button", { name: "Parameters", exact: true }).click();
    await page.getByLabel("Temperature").fill("0.3");
    await page.check();
    await page.shot(`chat-parameters-${look.name}`);
  });
});

it("takes what is typed at once, and shows the last call where nothing is typed", async () => {
  const page = await visit("/chat?models=tollgate/echo");
  await prompt(page).waitFor();
  await page.keyboard.type("Nightly tolls");
  await page.keyboard.press("Enter");
  await ended(page);
  await page.getByRole("button", { name: "Show API call" }).click();
  const request = page.getByRole("dialog", { name: "Request" });
  await request.getByText("Nightly tolls").first().waitFor();
  expect(await request.innerText()).not.toContain('"content": ""');
});

describe("a comparison", () => {
  it("streams side by side, with what each took, and a verdict", async () => {
    const page = await visit("/chat?models=tollgate/prose,tollgate/echo");
    const calls = watch(page);
    await prompt(page).fill("Say this again, please.");
    await page.keyboard.press("Enter");
    await ended(page);
    expect(await answer(page, "B").innerText()).toBe("Say this again, please.");
    expect((await answer(page, "A").innerText()).length).toBeGreaterThan(20);
    const numbers = page.locator("[data-numbers=done]");
    expect(await numbers.count()).toBe(2);
    for (const text of await numbers.allInnerTexts()) {
      expect(text).toMatch(/TTFT · .*[\d,]+ tok · \$0\.0000/);
      expect(text).not.toContain("≈");
    }
    await page.getByText("Fastest B · cheapest B · longest A").waitFor();
    // Two calls of models, one key, and what the key has left. Nothing else.
    await page
      .getByText(/^\$4\.99 of \$5\.00 left today$|^\$5\.00 of \$5\.00 left today$/)
      .waitFor();
    expect(calls.toSorted()).toEqual([
      "GET /key",
      // What binds the key from above.
      "GET /workspaces/00000000-0000-0000-0000-000000000000/budgets",
      "POST /chat/completions",
      "POST /chat/completions",
      "POST /session/playground-key",
    ]);
  });

  it("asks with the playground's key and never with the session, and keeps no secret", async () => {
    const page = await visit("/chat?models=tollgate/echo");
    const asked = page.waitForRequest((request) => request.url().endsWith("/chat/completions"));
    await ask(page, "Hello");
    const headers = await (await asked).allHeaders();
    expect(headers.authorization).toMatch(/^Bearer sk-or-v1-/);
    expect(headers.cookie).toBeUndefined();
    expect(headers["x-title"]).toBe("Tollgate Playground");
    await ended(page);
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(kept).toContain("Hello");
    expect(kept).not.toContain("sk-or");
    expect(await page.content()).not.toContain("sk-or");
  });

  it("asks for the models when it opens, and for nothing else", async () => {
    const page = await visit("/settings/about");
    const calls = watch(page);
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.getByRole("button", { name: /Call a tool/ }).waitFor();
    expect(calls.filter((call) => !call.includes("session"))).toEqual(["GET /models"]);
  });

  it("stops one answer, and all of them by Escape; what was written stays and is paid for", async () => {
    const page = await visit("/chat?models=tollgate/echo,tollgate/echo");
    const long = "Words that go on and on. ".repeat(1_000);
    await ask(page, long);
    for (const letter of ["A", "B"])
      await answer(page, letter)
        .getByText(/^Words/)
        .waitFor();
    await page.getByRole("button", { name: "Stop B" }).click();
    await page.getByText("Stopped. What was written until then is paid for.").waitFor();
    await page.getByRole("button", { name: "Stop A" }).waitFor();
    await prompt(page).focus();
    await page.keyboard.press("Escape");
    await ended(page);
    expect(await page.getByText("Stopped. What was written until then is paid for.").count()).toBe(
      2,
    );
    const written = (await answer(page, "A").innerText()).length;
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(long.length / 2);
    // The record has the count that the stream could not give any more.
    await page.waitForFunction(
      () =>
        Array.from(document.querySelectorAll("[data-numbers=stopped]")).filter(
          (line) => !line.textContent?.includes("≈"),
        ).length === 2,
    );
  });
});

describe("a conversation", () => {
  it("goes on, is edited, is kept in this browser, and comes back by its address", async () => {
    const page = await visit("/chat?models=tollgate/echo");
    await ask(page, "First");
    await ended(page);
    await ask(page, "Second");
    await ended(page);
    await page.waitForURL((url) => url.searchParams.has("chat") && !url.searchParams.has("models"));
    await page.reload();
    await page.getByRole("log").getByText("Second").waitFor();
    await page.getByRole("button", { name: "Edit and resend" }).first().click();
    await page.getByRole("textbox", { name: "Prompt" }).fill("Third");
    await page.getByRole("button", { name: "Resend", exact: true }).click();
    await page.getByRole("log").getByText("Third").waitFor();
    expect(await page.getByRole("log").count()).toBe(1);
    await ended(page);
    await page.getByRole("button", { name: "Chats" }).click();
    await page.getByRole("link", { name: /Third/ }).waitFor();
    await page.check();
    await page.shot("chat-history");
    await page.getByRole("button", { name: "New chat" }).click();
    await page.waitForURL((url) => !url.searchParams.has("chat"));
    await page.getByRole("link", { name: /Third/ }).click();
    await page.getByRole("log").getByText("Third").waitFor();
    await page.getByRole("button", { name: "Delete Third" }).click();
    await page.getByRole("link", { name: /Third/ }).waitFor({ state: "detached" });
  });

  it("is filled in by a link and sent by nobody but the reader", async () => {
    const first = await visit("/chat?models=tollgate/echo,tollgate/prose");
    await first.getByRole("button", { name: "Parameters", exact: true }).click();
    await first.getByLabel("System prompt").fill("Be short & clear.");
    await prompt(first).fill("What is 2 + 2?");
    await first.getByRole("button", { name: "Share" }).click();
    const link = new URL(await first.getByRole("dialog").locator("code").innerText());
    const page = await visit(`${link.pathname}${link.search}`);
    const calls = watch(page);
    expect(await prompt(page).inputValue()).toBe("What is 2 + 2?");
    expect(await page.getByRole("combobox", { name: "Model B" }).inputValue()).toBe(
      "tollgate/prose",
    );
    await page.getByRole("button", { name: "Parameters" }).click();
    expect(await page.getByLabel("System prompt").inputValue()).toBe("Be short & clear.");
    await page.quiet();
    expect(calls.filter((call) => call.includes("completions"))).toEqual([]);
  });

  it("shows a request as code, and why its provider was chosen", async () => {
    const page = await visit("/chat?models=tollgate/echo");
    await ask(page, "It's me");
    await ended(page);
    await page.getByRole("button", { name: "View request of A" }).click();
    const dialog = page.getByRole("dialog", { name: "Request" });
    await dialog.getByRole("tab", { name: "Python" }).click();
    await dialog.getByText("from openai import OpenAI").waitFor();
    await page.check();
    await page.shot("chat-request");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Why this provider?" }).click();
    await page.getByText("Served by Tollgate: the only endpoint of this model.").waitFor();
    await page.check();
    await page.shot("chat-why");
    const log = await page
      .getByRole("link", { name: "Open in the log" })
      .first()
      .getAttribute("href");
    expect(log).toMatch(/\/logs\?open=gen-/);
  });

  it("shows calls of tools, takes their results and goes on", async () => {
    const page = await visit("/chat");
    await page.getByRole("button", { name: /Call a tool/ }).click();
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("textbox", { name: "Result of get_weather" }).fill('{"sky":"clear"}');
    await page.check();
    await page.shot("chat-tools");
    await page.getByRole("button", { name: "Send result" }).click();
    await ended(page);
    expect(await page.getByRole("article").count()).toBe(2);
  });

  it("asks for an answer by a schema; models that can't keep to one are not sent it", async () => {
    const page = await visit("/chat");
    await page.getByRole("button", { name: /Answer by a schema/ }).click();
    const asked = page.waitForRequest((request) => request.url().endsWith("/chat/completions"));
    await page.getByRole("button", { name: "Send", exact: true }).click();
    expect((await asked).postDataJSON().response_format.json_schema.schema.type).toBe("object");
    await ended(page);
    expect(await answer(page, "A").innerText()).toContain('"city"');
    await page.getByRole("button", { name: "Parameters" }).click();
    await page.getByRole("textbox", { name: "JSON schema" }).fill("{");
    await prompt(page).fill("Again");
    await page.getByText(/^Schema: /).waitFor();
    expect(await page.getByRole("button", { name: "Send", exact: true }).isDisabled()).toBe(true);
  });

  it("takes a picture where every model reads pictures, and says who doesn't", async () => {
    const page = await visit("/chat?models=tollgate/vision");
    await page.getByLabel("Files to attach").setInputFiles({
      name: "dot.png",
      mimeType: "image/png",
      buffer: Buffer.from(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "base64",
      ),
    });
    await page.getByRole("button", { name: "Remove dot.png" }).waitFor();
    await page.getByRole("button", { name: "Add model" }).click();
    await page.getByRole("combobox", { name: "Model B" }).click();
    await page.keyboard.type("echo");
    await page.keyboard.press("Enter");
    await prompt(page).fill("What is it?");
    await page.getByText("B doesn't read pictures.").waitFor();
    expect(await page.getByRole("button", { name: "Send", exact: true }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "More for B" }).click();
    await page.getByRole("menuitem", { name: "Close" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("log").getByText(/image/i).waitFor();
    await ended(page);
    await page.check();
  });
});

describe("budget", () => {
  it("that is gone is said in the column, raised there, and nothing else breaks", async () => {
    const page = await visit("/chat?models=tollgate/echo", { refusals: true });
    await ask(page, "One");
    await ended(page);
    const { data } = await api<{ data: { hash: string; name: string }[] }>("GET", "/keys");
    const key = data.find(({ name }) => name === "Playground of Ada");
    if (!key) throw new Error("no playground key");
    await api("PATCH", `/keys/${key.hash}`, { limit: 0.0000001 });
    await ask(page, "Two");
    await page.getByText("Your playground's limit is spent").waitFor();
    await page.check();
    await page.shot("chat-budget");
    await page.getByRole("button", { name: "Raise limit" }).click();
    await page.getByLabel(/New limit/).fill("5");
    await page.check();
    await page.shot("chat-raise");
    await page.getByRole("button", { name: "Raise and retry" }).click();
    await page.getByRole("log").getByText("Two").waitFor();
    await page.getByText(/of \$5\.00 left today/).waitFor();
  });
});

it("has a tab for each model where it is narrow, with how far it is", async () => {
  const page = await visit("/chat?models=tollgate/echo,tollgate/prose", {
    width: 390,
    height: 844,
  });
  await prompt(page).fill("Hello there");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await ended(page);
  expect(await page.getByRole("tab").count()).toBe(2);
  expect(await page.getByRole("tab", { name: /^A/ }).innerText()).toMatch(/\d.*s/);
  await answer(page, "A").getByText("Hello there").waitFor();
  await page.getByRole("tab", { name: /^A/ }).press("ArrowRight");
  await answer(page, "B").waitFor();
  expect(await answer(page, "A").count()).toBe(0);
  // What is scrolled half below the head is no small target.
  await page.getByRole("region", { name: "Conversation" }).evaluate((view) => view.scrollTo(0, 0));
  await page.check();
});

const PAYLOADS = [
  '<img src=x onerror="window.__owned=1">',
  "<script>window.__owned=1</script>",
  "[click](javascript:window.__owned=1)",
  "![beacon](https://attacker.example/pixel.png?x=1)",
  '<iframe src="javascript:window.__owned=1"></iframe>',
  "[data](data:text/html,<script>window.__owned=1</script>)",
  '<svg onload="window.__owned=1"></svg>',
  "```html\n<img src=x onerror=window.__owned=1>\n```",
];

it("shows what would run elsewhere as text, and fetches nothing that an answer names", async () => {
  const page = await visit("/chat?models=tollgate/echo");
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("attacker")) foreign.push(request.url());
  });
  await ask(page, PAYLOADS.join("\n\n"));
  await ended(page);
  await answer(page, "A").getByText("attacker.example, not loaded").waitFor();
  const found = await answer(page, "A").evaluate((log) => ({
    owned: "__owned" in window,
    live: log.querySelectorAll(
      "img, script, iframe, svg[onload], [href^='javascript'], [href^='data']",
    ).length,
  }));
  expect(found).toEqual({ owned: false, live: 0 });
  expect(foreign).toEqual([]);
  await page.check();
});

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Processor time, in microseconds. */
  tdur?: number;
  args?: { name?: string };
}

/** The processor time of the longest task of a page's main thread, in ms: what others on the machine do is not in it. */
async function longestTask(page: Visit, act: () => Promise<void>): Promise<number> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  if (!session) throw new Error("no browser");
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    events.push(...(value as unknown as TraceEvent[]));
  });
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline"] },
  });
  await act();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  const mains = new Set(
    events
      .filter((event) => event.name === "thread_name" && event.args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const tasks = events.filter(
    ({ name, pid, tid, tdur }) =>
      name.endsWith("RunTask") && mains.has(`${pid}/${tid}`) && tdur !== undefined,
  );
  expect(tasks.length, "tasks that were measured").toBeGreaterThan(50);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000));
}

it("streams a long answer into two columns without long tasks", { timeout: 90_000 }, async () => {
  const page = await visit("/chat?models=tollgate/echo,tollgate/echo");
  const paragraph =
    "## Heading\n\nSome **bold** words, `code` and a [link](https://example.com).\n\n- one\n- two\n\n```ts\nconst a = 1;\n```\n\n";
  await prompt(page).fill(paragraph.repeat(60));
  const longest = await longestTask(page, async () => {
    await page.getByRole("button", { name: "Send", exact: true }).click();
    for (const letter of ["A", "B"]) {
      const written = async () => ((await answer(page, letter).textContent()) ?? "").length;
      await expect.poll(written, { timeout: 60_000, interval: 500 }).toBeGreaterThan(2_000);
    }
    await page.keyboard.press("Escape");
    await ended(page);
  });
  const written = (await answer(page, "A").innerText()).length;
  expect(written).toBeGreaterThan(1_500);
  expect(longest).toBeLessThan(100);
});

/** Endpoints that fail in ways of their own, at a simulated provider over real sockets. */
function configuration(simulator: string): string {
  const endpoint = (model: string, provider: string, upstream: string, output: string) => `
[[endpoint]]
model = "acme/${model}"
provider = "${provider}"
upstream_model = "${upstream}"
price = { input = "0.10", output = "${output}" }
`;
  const model = (id: string) => `
[[model]]
id = "acme/${id}"
name = "Acme: ${id}"
context_length = 128000
`;
  const provider = (slug: string) => `
[[provider]]
slug = "${slug}"
name = "${slug === "first" ? "First" : "Second"}"
protocol = "openai-chat"
base_url = "${simulator}/v1"
api_key = "sk-${slug}"
local = true
`;
  return [
    provider("first"),
    provider("second"),
    model("failover"),
    model("broken"),
    model("cut"),
    endpoint("failover", "first", "prose+status:503", "0.40"),
    // So dear that no draw falls on it first.
    endpoint("failover", "second", "prose", "400"),
    endpoint("broken", "first", "prose+status:503", "0.40"),
    endpoint("cut", "first", "prose+cut-after:8", "0.40"),
  ].join("");
}

describe("providers that fail", () => {
  let folder: string;
  let simulator: ChildProcess;
  let gateway: Gateway;
  let site: Site;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-chat-"));
    const listen = `127.0.0.1:${await freePort()}`;
    const binary =
      process.env.TOLLGATE_BINARY ??
      new URL("../../../../target/debug/tollgate", import.meta.url).pathname;
    simulator = spawn(binary, ["simulator", "--listen", listen], { cwd: folder, stdio: "ignore" });
    const file = join(folder, "tollgate.toml");
    writeFileSync(file, configuration(`http://${listen}`));
    gateway = await startGateway({ TOLLGATE_CONFIG: file });
    site = await startSite(gateway, "/");
  });
  afterAll(async () => {
    await site?.stop();
    await gateway?.stop();
    simulator?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it("fail in their column, with the next step, while others answer", async () => {
    const page = await visit("/chat?models=acme/broken,acme/cut,tollgate/echo", {
      root: site.url,
      refusals: true,
      width: 1440,
    });
    await ask(page, "Hello");
    await ended(page);
    await page.getByRole("alert").getByText("No provider answered").waitFor();
    await page.getByRole("alert").getByText("The answer broke off").waitFor();
    await answer(page, "C").getByText("Hello").waitFor();
    await page.check();
    await page.shot("chat-failures");
    await page.getByRole("button", { name: "What was tried?" }).first().click();
    await page.getByText(/^No endpoint answered whole. Tried: First \(503\)/).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("alert").first().getByRole("button", { name: "Retry" }).click();
    await ended(page);
    await page.getByRole("alert").getByText("No provider answered").waitFor();
  });

  it("show a fallback, and let a provider be pinned", async () => {
    const page = await visit("/chat?models=acme/failover", { root: site.url, refusals: true });
    await ask(page, "Hello");
    await ended(page);
    await page.getByRole("img", { name: /First 503 failed.*Second 200 served/ }).waitFor();
    await page.getByRole("button", { name: "Why this provider?" }).click();
    await page.getByText(/Tried before: First/).waitFor();
    await page.check();
    await page.shot("chat-fallback");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "More for A" }).click();
    await page.getByRole("menuitem", { name: "Pin a provider…" }).click();
    await page.getByRole("button", { name: /Only First/ }).waitFor();
    await page.check();
    await page.shot("chat-pin");
    await page.getByRole("button", { name: /Only First/ }).click();
    await page.getByText("only first").waitFor();
    await ask(page, "Again");
    await page.getByRole("button", { name: "Retry at any provider" }).click();
    await page.getByText("only first").waitFor({ state: "detached" });
    await ended(page);
    expect(await page.getByRole("alert").count()).toBe(0);
  });
});

it("says what is wrong when the models can't be read, and reads them again", async () => {
  const page = await visit("/settings/about", { refusals: true });
  await page.route("**/api/v1/models", (route) => route.abort());
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.getByText("The models can't be read").waitFor();
  await page.check();
  await page.unroute("**/api/v1/models");
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByRole("button", { name: /Call a tool/ }).waitFor();
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "./gateway";
import { LOOKS, openBrowser, PERSON, type Visit } from "./harness";
import { type Simulator, startSimulator } from "./simulator";
import { type Site, startSite } from "./site";
import { startWorld, type World } from "./world";

const visit = openBrowser();

/** A provider that has no key yet, whose answers take a moment, so that they are seen to be written. */
const config = (base: string) => `
[[provider]]
slug = "acme"
name = "Acme"
protocol = "openai-chat"
base_url = "${base}"
api_key = "env:ACME_API_KEY"
env = ["ACME_API_KEY"]
[[model]]
id = "acme/answers"
name = "Acme: Answers"
context_length = 128000
[[endpoint]]
model = "acme/answers"
provider = "acme"
upstream_model = "prose+tps:40"
price = { input = "0.10", output = "0.40" }
`;

describe("somebody who has never been here", () => {
  let simulator: Simulator;

  beforeAll(async () => {
    simulator = await startSimulator();
  });
  afterAll(() => simulator?.stop());

  it.each(LOOKS)(
    "comes from an empty gateway to an answer in the playground, $name",
    async (look) => {
      const gateway: Gateway = await startGateway({
        TOLLGATE_CONFIG: simulator.config(config(simulator.base)),
      });
      const site: Site = await startSite(gateway, "/");
      try {
        const page = await visit("/", { ...look, stranger: true, root: site.url, refusals: true });
        await account(page);
        await provider(page);
        await firstCall(page, site.url);
        await playground(page, look.name === "phone");
        await page.check();
        await page.shot(`newcomer-playground-${look.name}`);
      } finally {
        await site.stop();
        await gateway.stop();
      }
    },
    60_000,
  );
});

async function account(page: Visit): Promise<void> {
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  await page.getByRole("textbox", { name: "E-mail" }).fill(PERSON.email);
  await page.getByRole("textbox", { name: "Password" }).fill(PERSON.password);
  await page.keyboard.press("Enter");
}

/** A key that is refused, then one that works: tested at the provider before it is kept. */
async function provider(page: Visit): Promise<void> {
  await page.getByRole("heading", { name: "Connect a provider" }).waitFor();
  await page.getByRole("searchbox").fill("acme");
  await page.keyboard.press("Enter");
  const key = page.getByRole("textbox", { name: "Acme key" });
  await key.fill("sk-wrong-0123456789-none");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("Acme refuses this key").waitFor();
  await key.fill("sk-given-0123456789-abcdef");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText(/^Works, \d+ models?/).waitFor();
  await page.getByRole("button", { name: "Save key" }).click();
  await page.getByRole("region", { name: "Ready" }).getByText("sk-...def").waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Ask something" }).waitFor();
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.getByText(/^Served by Acme/).waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
}

/** What an app does with the key that is shown once: the page sees it come. */
async function firstCall(page: Visit, root: string): Promise<void> {
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByText("Waiting for the first call…").waitFor();
  const secret = await page
    .getByText(/^sk-or-v1-/)
    .first()
    .innerText();
  const response = await fetch(`${root}api/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "acme/answers",
      messages: [{ role: "user", content: "Hello" }],
      max_tokens: 8,
    }),
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  await page.getByText("The first call came.").waitFor();
  await page.getByLabel("I saved it").check();
  await page.getByRole("button", { name: "Go to the dashboard" }).first().click();
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  await page.getByRole("table", { name: "Spend by model" }).getByText("acme/answers").waitFor();
}

/** An answer that is seen to grow while it is written. */
async function playground(page: Visit, narrow: boolean): Promise<void> {
  await page.getByRole("link", { name: "Playground" }).click();
  const model = page.getByRole("combobox", { name: "Model A" });
  await expect.poll(() => model.inputValue()).toBe("acme/answers");
  await page
    .getByRole("textbox", { name: "Message" })
    .fill("Explain how a toll bridge makes money.");
  // On a phone that key begins a new line.
  if (narrow) await page.getByRole("button", { name: "Send", exact: true }).click();
  else await page.keyboard.press("Enter");
  const answer = page.getByRole("log", { name: "Answer A" });
  await page.locator('[role=log][aria-busy="true"]').getByText(/\w+/).first().waitFor();
  const begun = (await answer.innerText()).length;
  await page.locator('[role=log][aria-busy="false"]').waitFor();
  const whole = (await answer.innerText()).length;
  expect(begun).toBeGreaterThan(0);
  expect(whole).toBeGreaterThan(begun);
  await page.getByText("Why this provider?").waitFor();
  await page.locator("[data-numbers=done]").waitFor();
}

describe("somebody who sees a red bar", () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    for (let call = 0; call < 3; call++) await world.call("acme/helper");
    await world.call("acme/broken");
  }, 60_000);
  afterAll(() => world?.stop());

  it.each(LOOKS)("knows in three clicks which attempt failed and why, $name", async (look) => {
    const page = await visit("/activity?metric=failed", { ...look, root: world.url });
    await page.getByRole("img", { name: /^Failed per/ }).waitFor();
    await page.getByRole("link", { name: "1", exact: true }).waitFor();
    const bar = await redBar(page);
    await page.check();
    await page.shot(`activity-failed-${look.name}`);

    if (look.name === "phone") {
      // A finger's first tap shows the numbers.
      await tap(page, bar);
      await page.locator("figure p", { hasText: "acme/broken" }).first().waitFor();
      await tap(page, bar);
    } else {
      await page.mouse.click(bar.x, bar.y);
    }
    await page.waitForURL((url) => url.pathname === "/logs");
    expect(new URL(page.url()).searchParams.get("status")).toBe("error");
    const rows = page.getByRole("table", { name: "Calls" }).getByRole("row");
    await rows.nth(1).waitFor();
    expect(await rows.count()).toBe(2);

    await rows.nth(1).click();
    const sheet = page.getByRole("dialog");
    const attempts = sheet.getByRole("figure", { name: "Where the time went" });
    await attempts.getByText("First").first().waitFor();
    await attempts.getByText("500").first().waitFor();
    await sheet.getByText(/^Nobody answered\./).waitFor();
    await page.check();

    await sheet.getByRole("link", { name: "Every endpoint" }).click();
    await page
      .getByText(/500.* after/)
      .first()
      .waitFor();
    await page.check();
  });

  it("gets there by keyboard, too", async () => {
    const page = await visit("/activity?metric=failed", { root: world.url });
    await page.getByRole("button", { name: /^Failed per .* as table$/ }).focus();
    await page.keyboard.press("Enter");
    const table = page.getByRole("table", { name: /^Failed per/ });
    await table.waitFor();
    await page.check();
    const row = table
      .getByRole("row")
      .filter({ has: page.getByRole("cell", { name: "1", exact: true }) });
    await row.getByRole("button").focus();
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname === "/logs");
    await page.getByRole("table", { name: "Calls" }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page
      .getByRole("dialog")
      .getByText(/^Nobody answered\./)
      .waitFor();
  });
});

async function tap(page: Visit, { x, y }: { x: number; y: number }): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await session.detach();
}

/** Where the page shows a red bar: found by its colour, as an eye does. */
async function redBar(page: Visit): Promise<{ x: number; y: number }> {
  await page.locator("canvas").first().waitFor();
  const find = () =>
    page
      .locator("canvas")
      .first()
      .evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext("2d", {
          willReadFrequently: true,
        });
        copy?.drawImage(canvas, 0, 0);
        const pixels = copy?.getImageData(0, 0, width, height).data;
        const box = canvas.getBoundingClientRect();
        for (let at = 0; pixels && at < pixels.length; at += 4) {
          const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.slice(at, at + 4);
          if (alpha < 255 || red < 170 || red - green < 80 || red - blue < 60) continue;
          const place = at / 4;
          const scale = box.width / width;
          // A few pixels within it, away from its edge.
          return {
            x: box.x + (place % width) * scale + 2,
            y: box.y + Math.floor(place / width) * scale + 4,
          };
        }
        return null;
      });
  await expect.poll(find, { timeout: 10_000 }).not.toBeNull();
  const found = await find();
  if (!found) throw new Error("no red bar");
  return found;
}

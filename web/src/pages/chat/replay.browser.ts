import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOOKS, openBrowser, type Visit } from "#browser/harness";
import { startWorld, type World } from "#browser/world";

const visit = openBrowser();
let world: World;
let kept: string;
let bare: string;

const MESSAGES = [
  { role: "system", content: "Answer like a bridge keeper." },
  { role: "user", content: "Who goes there?" },
  { role: "assistant", content: "A traveller." },
  { role: "user", content: "What is the toll?" },
];

const latest = async (query: string) =>
  (await world.api<{ data: { id: string }[] }>("GET", `/logs?${query}&limit=1`)).data[0]?.id ?? "";

beforeAll(async () => {
  world = await startWorld();
  await world.call("acme/helper", { user: "bare" });
  await world.api("PATCH", "/workspaces/default", { is_observability_io_logging_enabled: true });
  await world.call("acme/helper", { user: "kept", messages: MESSAGES, temperature: 0.3 });
  kept = await latest("user=kept");
  bare = await latest("user=bare");
}, 60_000);
afterAll(() => world?.stop());

const message = (page: Visit) => page.getByRole("textbox", { name: "Message" });
const model = (page: Visit) => page.getByRole("combobox", { name: "Model A" });

/** The bodies of calls of models that the page makes from now on. */
function bodies(page: Visit): { model: string; messages: object[] }[] {
  const sent: { model: string; messages: object[] }[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/chat/completions")) sent.push(request.postDataJSON());
  });
  return sent;
}

describe.each(LOOKS)("a logged call, $name", (look) => {
  it("is opened from the log with all that was said, and sent only when somebody sends it", async () => {
    const page = await visit(`/logs?open=${kept}`, { ...look, root: world.url });
    const sent = bodies(page);
    await page.getByRole("link", { name: "Replay in playground" }).click();
    await page.getByText("A traveller.").waitFor();
    await expect.poll(() => model(page).inputValue()).toBe("acme/helper");
    expect(await message(page).inputValue()).toBe("What is the toll?");
    await page.getByText(/^From the call/).waitFor();
    await page.quiet();
    expect(sent).toEqual([]);
    await page.check();
    await page.shot(`chat-replay-${look.name}`);

    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("Why this provider?").waitFor();
    expect(sent.map((body) => [body.model, body.messages])).toEqual([["acme/helper", MESSAGES]]);
    expect(new URL(page.url()).searchParams.get("chat")).toMatch(/^[0-9a-f]{16}$/);
    expect(new URL(page.url()).searchParams.has("from")).toBe(false);
    // It is a conversation like others now.
    await page.reload();
    await page.getByText("What is the toll?").waitFor();
  });
});

it("of which nothing is kept has its model, and says the rest", async () => {
  const page = await visit(`/chat?from=${bare}`, { root: world.url, refusals: true });
  await page.getByText(/What was said in it is not kept/).waitFor();
  await expect.poll(() => model(page).inputValue()).toBe("acme/helper");
  expect(await message(page).inputValue()).toBe("");
  expect(new URL(page.url()).searchParams.get("from")).toBe(bare);
  await page.check();
  await page.getByRole("button", { name: "Close the note" }).click();
  await page.getByText(/^From the call/).waitFor({ state: "detached" });
});

it("leaves a conversation that was begun before where it can be found", async () => {
  const page = await visit("/chat?models=acme/helper", { root: world.url, refusals: true });
  await message(page).fill("Something else.");
  await page.keyboard.press("Enter");
  await page.getByText("Why this provider?").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Logs" }).click();
  await page.getByRole("table", { name: "Calls" }).waitFor();
  await page.goto(`${world.url}chat?from=${kept}`);
  await page.getByText("A traveller.").waitFor();
  await page.getByRole("button", { name: "Chats" }).click();
  await page.getByRole("complementary", { name: "Chats" }).getByText("Something else.").click();
  await page.getByRole("region", { name: "Conversation" }).getByText("Something else.").waitFor();
});

it("that is not there says so, and the playground works on", async () => {
  const page = await visit("/chat?from=gen-1-gone", { root: world.url, refusals: true });
  await page.getByText(/^This call can't be replayed/).waitFor();
  await expect.poll(() => model(page).inputValue()).not.toBe("");
  await page.check();
});

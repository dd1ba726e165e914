import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "#browser/gateway";
import { openBrowser, type Visit } from "#browser/harness";
import { type Simulator, startSimulator } from "#browser/simulator";
import { type Site, startSite } from "#browser/site";

const visit = openBrowser();
let simulator: Simulator;
let gateway: Gateway;
let site: Site;

/** What reads everything, at a provider. `echo` says again what it was told. */
const config = (base: string) => `
[[provider]]
slug = "acme"
name = "Acme"
protocol = "openai-chat"
base_url = "${base}"
api_key = "sk-acme-0123456789"
[[model]]
id = "acme/omni"
name = "Acme: Omni"
context_length = 128000
input = ["text", "image", "file", "audio"]
[[endpoint]]
model = "acme/omni"
provider = "acme"
upstream_model = "prose"
price = { input = "0.10", output = "0.40" }
[[model]]
id = "acme/reader"
name = "Acme: Reader"
context_length = 128000
input = ["text", "file"]
[[endpoint]]
model = "acme/reader"
provider = "acme"
upstream_model = "prose"
price = { input = "0.10", output = "0.40" }
`;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({ TOLLGATE_CONFIG: simulator.config(config(simulator.base)) });
  site = await startSite(gateway, "/");
});
afterAll(async () => {
  await site.stop();
  await gateway.stop();
  await simulator.stop();
});

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const PDF = Buffer.from(
  "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
);

/** A tenth of a second of silence, at 8 kHz. */
function wav(): Buffer {
  const samples = 800;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples, 40);
  return Buffer.concat([head, Buffer.alloc(samples, 128)]);
}

const FILES = [
  { kind: "a picture", name: "dot.png", mimeType: "image/png", buffer: PNG, part: "image_url" },
  { kind: "a PDF", name: "toll.pdf", mimeType: "application/pdf", buffer: PDF, part: "file" },
  { kind: "sound", name: "hum.wav", mimeType: "audio/wav", buffer: wav(), part: "input_audio" },
] as const;

type Attached = Pick<(typeof FILES)[number], "name" | "mimeType" | "buffer">;

interface Sent {
  messages: { content: { type: string }[] }[];
}

/** Sends a prompt with files, and gives what was sent once the answer is whole. */
async function send(page: Visit, files: readonly Attached[]): Promise<Sent> {
  await page.getByLabel("Files to attach").setInputFiles([...files]);
  for (const { name } of files) {
    await page.getByRole("button", { name: `Remove ${name}` }).waitFor();
  }
  await page.getByRole("textbox", { name: "Message" }).fill("What is this?");
  const asked = page.waitForRequest((request) => request.url().endsWith("/chat/completions"));
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const sent = (await asked).postDataJSON() as Sent;
  await page.locator("[data-numbers=done]").last().waitFor();
  return sent;
}

/** Parts that had no word on the way to the provider, as the record of the call has them. */
async function dropped(): Promise<unknown[]> {
  const headers = { authorization: `Bearer ${gateway.managementKey}` };
  const read = async (path: string) =>
    (await fetch(`${gateway.url}/api/v1${path}`, { headers })).json();
  const { data } = await read("/logs?limit=1");
  const call = await read(`/generation?id=${data[0].id}`);
  return call.data.provider_responses.flatMap((one: { dropped?: unknown[] }) => one.dropped ?? []);
}

describe("what is attached", () => {
  it.each(FILES)("$kind is sent, answered and kept in the chat", async ({ part, ...file }) => {
    const page = await visit("/chat?models=acme/omni", { root: site.url });
    const { messages } = await send(page, [file]);
    expect(messages.at(-1)?.content.map(({ type }) => type)).toEqual(["text", part]);
    expect(await dropped()).toEqual([]);
    await page.getByText(file.name).or(page.getByAltText(file.name)).first().waitFor();
    await page.check();
    await page.shot(`chat-attached-${part}`);
    // It is told again with what is asked next.
    await page.getByRole("textbox", { name: "Message" }).fill("And now?");
    const again = page.waitForRequest((request) => request.url().endsWith("/chat/completions"));
    await page.getByRole("button", { name: "Send", exact: true }).click();
    const next = (await again).postDataJSON() as Sent;
    expect(next.messages[0]?.content.map(({ type }) => type)).toEqual(["text", part]);
  });

  it("goes together, and each can be taken away", async () => {
    const page = await visit("/chat?models=acme/omni", { root: site.url });
    await page.getByLabel("Files to attach").setInputFiles([...FILES]);
    await page.getByRole("button", { name: "Remove hum.wav" }).click();
    const { messages } = await send(page, []);
    expect(messages.at(-1)?.content.map(({ type }) => type)).toEqual(["text", "image_url", "file"]);
  });

  it("is refused where the model can't read it, before it is sent", async () => {
    const page = await visit("/chat?models=acme/reader", { root: site.url });
    expect(await page.getByLabel("Files to attach").getAttribute("accept")).toBe("application/pdf");
    // As by a drop, which no list of types holds back.
    await page.getByLabel("Files to attach").setInputFiles([FILES[0]]);
    await page.getByRole("button", { name: "Remove dot.png" }).waitFor();
    await page.getByText("A doesn't read pictures.").waitFor();
    expect(await page.getByRole("button", { name: "Send", exact: true }).isDisabled()).toBe(true);
    await page
      .getByLabel("Files to attach")
      .setInputFiles([{ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("notes") }]);
    await page.getByText(/^notes\.txt is no PNG/).waitFor();
  });
});

it("says the workspace's budget where that leaves less than the playground's own limit", async () => {
  await fetch(`${gateway.url}/api/v1/workspaces/default/budgets/monthly`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${gateway.managementKey}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ limit_usd: 1 }),
  });
  const page = await visit("/chat?models=acme/omni", { root: site.url });
  await send(page, []);
  await page.getByText("$1.00 of $1.00 left of Default's monthly budget").waitFor();
  await page.check();
  await page.shot("chat-bound");
});

/**
 * A gateway of one's own whose providers are simulated and fail as told, behind a site that serves the
 * dashboard. `acme/helper` is served by three providers, the cheapest of which always answers 503;
 * `acme/broken` by that one alone.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, freePort, type Gateway, startGateway } from "./gateway";
import { type Site, startSite } from "./site";

export interface World {
  /** Of the dashboard, with a slash at its end: `root` of a visit. */
  url: string;
  /** The API with the management key. */
  api: <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;
  /** A call of a model, as the app "first-app" makes it. */
  call: (model: string, more?: object, headers?: Record<string, string>) => Promise<Response>;
  stop: () => Promise<void>;
}

const provider = (slug: string, name: string, port: number) => `
[[provider]]
slug = "${slug}"
name = "${name}"
protocol = "openai-chat"
base_url = "http://127.0.0.1:${port}/v1"
api_key = "sk-${slug}"
`;

const endpoint = (model: string, at: string, upstream: string, input: string, output: string) => `
[[endpoint]]
model = "${model}"
provider = "${at}"
upstream_model = "${upstream}"
price = { input = "${input}", output = "${output}" }
`;

const configuration = (port: number) => `
${provider("first", "First", port)}
${provider("second", "Second", port)}
${provider("third", "Third", port)}
[[model]]
id = "acme/helper"
name = "Acme: Helper"
context_length = 128000
${endpoint("acme/helper", "first", "prose+status:503", "0.05", "0.20")}
${endpoint("acme/helper", "second", "prose", "0.15", "0.60")}
${endpoint("acme/helper", "third", "prose", "0.20", "0.80")}
[[model]]
id = "acme/broken"
name = "Acme: Broken"
context_length = 8000
${endpoint("acme/broken", "first", "prose+status:500", "0.10", "0.40")}
`;

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-world-"));
  const port = await freePort();
  const flags = ["simulator", "--listen", `127.0.0.1:${port}`, "--data-dir", folder];
  const simulator = spawn(BINARY, flags, { cwd: folder, stdio: "ignore" });
  await listening(port);
  const file = join(folder, "gateway.toml");
  writeFileSync(file, configuration(port));
  const gateway: Gateway = await startGateway({ TOLLGATE_CONFIG: file });
  const site: Site = await startSite(gateway, "/");
  const headers = { "content-type": "application/json" };

  const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${gateway.url}/api/v1${path}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${gateway.managementKey}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const { key } = await api<{ key: string }>("POST", "/keys", { name: "first-app" });
  return {
    url: site.url,
    api,
    call: (model, more = {}, extra = {}) =>
      fetch(`${gateway.url}/api/v1/chat/completions`, {
        method: "POST",
        headers: { ...headers, ...extra, authorization: `Bearer ${key}` },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...more }),
      }),
    stop: async () => {
      await site.stop();
      await gateway.stop();
      simulator.kill("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const READY_MS = 30_000;

async function listening(port: number): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/version`).catch(() => null);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the simulator did not begin to listen");
}

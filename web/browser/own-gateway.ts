import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, type Gateway, startGateway } from "./gateway";
import { type Site, startSite } from "./site";

/** A gateway with settings of its own, for a test that those of all others don't fit. */
export interface OwnGateway {
  /** Where the dashboard is: `visit("/budgets", { root: own.root })`. */
  root: string;
  gateway: Gateway;
  /** The API with the management key. */
  api: <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;
  /** A call of a model with a key. */
  complete: (key: string, model: string, more?: object) => Promise<Response>;
  /** A command on its data, as its operator gives it: `own.run("credits", "add", "25")`. */
  run: (...words: string[]) => string;
  stop: () => Promise<void>;
}

/** Starts one with a configuration file of these lines. */
export async function startOwnGateway(configuration: string): Promise<OwnGateway> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-own-"));
  const file = join(folder, "tollgate.toml");
  writeFileSync(file, configuration);
  const gateway = await startGateway({ TOLLGATE_CONFIG: file });
  const site: Site = await startSite(gateway, "/");
  const call = (key: string, method: string, path: string, body?: unknown) =>
    fetch(`${gateway.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    root: site.url,
    gateway,
    api: async <T>(method: string, path: string, body?: unknown) => {
      const response = await call(gateway.managementKey, method, path, body);
      if (!response.ok)
        throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    complete: (key, model, more = {}) =>
      call(key, "POST", "/chat/completions", {
        model,
        messages: [{ role: "user", content: "Hello" }],
        ...more,
      }),
    run: (...words) =>
      execFileSync(BINARY, [...words, "--config", file, "--data-dir", gateway.folder], {
        encoding: "utf8",
      }),
    stop: async () => {
      await site.stop();
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

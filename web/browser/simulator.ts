import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, freePort } from "./gateway";

const READY_MS = 15_000;

/** A provider of our own: the simulator, as a process. It refuses keys that begin with `sk-wrong`. */
export interface Simulator {
  /** Up to `/v1`, as `base_url` of a provider. */
  base: string;
  /** Writes a configuration file beside its data and gives its path, for `TOLLGATE_CONFIG`. */
  config: (toml: string) => string;
  stop: () => Promise<void>;
}

export async function startSimulator(): Promise<Simulator> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-simulator-"));
  const port = await freePort();
  const child = spawn(
    BINARY,
    ["simulator", "--listen", `127.0.0.1:${port}`, "--data-dir", folder],
    {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "" },
      stdio: "ignore",
    },
  );
  await answering(`http://127.0.0.1:${port}/v1/models`, child);
  return {
    base: `http://127.0.0.1:${port}/v1`,
    config: (toml) => {
      const file = join(folder, "tollgate.toml");
      writeFileSync(file, toml);
      return file;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        child.kill("SIGTERM");
      }),
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error("the simulator stopped");
    const answer = await fetch(url, { headers: { authorization: "Bearer sk-ready" } }).catch(
      () => null,
    );
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`the simulator was not ready in ${READY_MS} ms`);
}

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The program that browser tests run. */
export const BINARY =
  process.env.TOLLGATE_BINARY ?? new URL("../../target/debug/tollgate", import.meta.url).pathname;
const READY_MS = 30_000;

/** A gateway of our own: the real program, on a free port, with its data in a folder that goes. */
export interface Gateway {
  url: string;
  /** What may do everything. */
  managementKey: string;
  /** What it has logged so far; the set-up code is there. */
  log: () => string;
  /** Where its data is. */
  folder: string;
  stop: () => Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export async function startGateway(environment: Record<string, string> = {}): Promise<Gateway> {
  if (!existsSync(BINARY)) {
    throw new Error(
      `No gateway at ${BINARY}: run \`cargo build\`, or name one in TOLLGATE_BINARY.`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "tollgate-browser-"));
  const port = await freePort();
  const managementKey = `sk-or-v1-${randomBytes(32).toString("hex")}`;
  const child = spawn(BINARY, ["serve", "--listen", `127.0.0.1:${port}`, "--data-dir", folder], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? "",
      TOLLGATE_LOG: "info",
      TOLLGATE_MANAGEMENT_KEY: managementKey,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const keep = (piece: Buffer) => {
    log += piece.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child, () => log);
  return {
    url,
    managementKey,
    log: () => log,
    folder,
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

async function ready(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the gateway stopped:\n${log()}`);
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`the gateway was not ready in ${READY_MS} ms:\n${log()}`);
}

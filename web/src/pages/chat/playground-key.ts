import { useSyncExternalStore } from "react";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import { makePlaygroundKey } from "~/api/session";

/** What a person's playground key has left. */
export interface Allowance {
  /** The key's id. */
  hash: string;
  /** The id of its workspace, whose budgets bound it as well. */
  workspace: string;
  /** US dollars as decimal text; null is no limit. */
  limit: string | null;
  left: string | null;
  reset: "daily" | "weekly" | "monthly" | null;
}

const decimal = (value: number | null): string | null => (value === null ? null : String(value));

/** How long to wait at most for a page that asked at the same time. */
const PATIENCE_S = 3;

/**
 * The person's own inference key. Its secret is held here, in memory, and nowhere else: it goes with
 * the tab. It is made with the first message, because each time it is made it has another secret.
 */
class PlaygroundKey {
  #secret: Promise<string> | null = null;
  #allowance: Allowance | null = null;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly allowance = () => this.#allowance;

  secret(): Promise<string> {
    this.#secret ??= this.#make().catch((error: unknown) => {
      this.#secret = null;
      throw error;
    });
    return this.#secret;
  }

  /** Another secret, after one was refused. */
  again(refused: string): Promise<string> {
    const held = this.#secret;
    if (!held) return this.secret();
    return held.then((secret) => {
      if (secret === refused && this.#secret === held) this.#secret = null;
      return this.secret();
    });
  }

  /** Looks up what is left, if there is a key. A failure leaves what was known. */
  async look(): Promise<void> {
    const before = this.#allowance;
    if (!this.#secret || !before) return;
    try {
      const authorization = `Bearer ${await this.#secret}`;
      const { data } = await answer(client.GET("/api/v1/key", { headers: { authorization } }));
      this.#learn({
        hash: before.hash,
        workspace: before.workspace,
        limit: decimal(data.limit),
        left: decimal(data.limit_remaining),
        reset: data.limit_reset,
      });
    } catch {
      // The calls themselves say what is wrong.
    }
  }

  /** Gives the key another limit, in US dollars. */
  async limit(dollars: number): Promise<void> {
    const hash = this.#allowance?.hash;
    if (hash === undefined) return;
    const { data } = await answer(
      client.PATCH("/api/v1/keys/{hash}", {
        params: { path: { hash } },
        body: { limit: dollars },
      }),
    );
    this.#learn({
      hash: data.hash,
      workspace: data.workspace_id,
      limit: decimal(data.limit),
      left: decimal(data.limit_remaining),
      reset: data.limit_reset,
    });
  }

  async #make(): Promise<string> {
    const { key, data } = await asked();
    this.#learn({
      hash: data.hash,
      workspace: data.workspace_id,
      limit: decimal(data.limit),
      left: decimal(data.limit_remaining),
      reset: data.limit_reset,
    });
    return key;
  }

  #learn(allowance: Allowance): void {
    this.#allowance = allowance;
    for (const listener of this.#listeners) listener();
  }
}

async function asked() {
  try {
    return await makePlaygroundKey();
  } catch (error) {
    const wait = error instanceof ApiError && error.status === 429 ? error.retryAfter : null;
    if (wait === null || wait > PATIENCE_S) throw error;
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    return makePlaygroundKey();
  }
}

const keys = new Map<string, PlaygroundKey>();

/** The key of a person. Whoever signs in after them has another. */
export function playgroundKeyOf(person: string): PlaygroundKey {
  const known = keys.get(person);
  if (known) return known;
  keys.clear();
  const made = new PlaygroundKey();
  keys.set(person, made);
  return made;
}

export type { PlaygroundKey };

export const useAllowance = (key: PlaygroundKey): Allowance | null =>
  useSyncExternalStore(key.subscribe, key.allowance);

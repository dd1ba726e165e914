import { basePath } from "~/api/base";
import { type Answer, type Conversation, NO_SETTINGS, titleOf } from "./conversation";

/** What the list of conversations says of one. */
export interface Summary {
  id: string;
  title: string;
  /** When it last changed, RFC 3339. */
  at: string;
  models: readonly string[];
}

/** A conversation as it is kept: with its answers, without the bytes of what was attached. */
export interface Kept {
  conversation: Conversation;
  answers: readonly Answer[];
}

/** Beyond this many the oldest are forgotten. */
const KEPT_MAX = 100;

export interface TextStore {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
}

/**
 * The conversations that this browser keeps for a person: in its own storage, never at the gateway,
 * and without any secret.
 */
export class History {
  readonly #index: string;
  readonly #store: TextStore;

  constructor(person: string, store: TextStore, below = basePath()) {
    this.#index = `tollgate.chats:${below}:${person}`;
    this.#store = store;
  }

  /** The latest first. */
  list(): Summary[] {
    const list = this.#read<Summary[]>(this.#index);
    return Array.isArray(list) ? list : [];
  }

  load(id: string): Kept | null {
    const kept = this.#read<Kept>(this.#key(id));
    if (!kept?.conversation || !Array.isArray(kept.answers)) return null;
    const { conversation } = kept;
    return {
      conversation: { ...conversation, settings: { ...NO_SETTINGS, ...conversation.settings } },
      // What was running when it was kept is not any more.
      answers: kept.answers.map((answer) =>
        answer.status === "running" ? { ...answer, status: "stopped" } : answer,
      ),
    };
  }

  /** Whether there was room for it. The oldest make room. */
  save({ conversation, answers }: Kept, now: Date): boolean {
    const turns = conversation.turns.map((turn) => ({
      ...turn,
      attachments: turn.attachments.map((one) => ({ ...one, data: null })),
    }));
    const text = JSON.stringify({ conversation: { ...conversation, turns }, answers });
    const summary: Summary = {
      id: conversation.id,
      title: titleOf(conversation),
      at: now.toISOString(),
      models: conversation.columns.flatMap(({ model }) => model ?? []),
    };
    const list = [summary, ...this.list().filter(({ id }) => id !== summary.id)];
    for (const { id } of list.splice(KEPT_MAX)) this.#store.removeItem(this.#key(id));
    for (;;) {
      try {
        this.#store.setItem(this.#key(summary.id), text);
        this.#store.setItem(this.#index, JSON.stringify(list));
        return true;
      } catch {
        const oldest = list.length > 1 ? list.pop() : undefined;
        if (!oldest) return false;
        this.#drop(oldest.id);
      }
    }
  }

  remove(id: string): void {
    this.#drop(id);
    const list = this.list().filter((summary) => summary.id !== id);
    try {
      this.#store.setItem(this.#index, JSON.stringify(list));
    } catch {
      // A shorter list always has room.
    }
  }

  clear(): void {
    for (const { id } of this.list()) this.#drop(id);
    this.#drop(null);
  }

  #drop(id: string | null): void {
    try {
      this.#store.removeItem(id === null ? this.#index : this.#key(id));
    } catch {
      // Storage is switched off.
    }
  }

  #key(id: string): string {
    return `${this.#index}:${id}`;
  }

  #read<T>(key: string): T | null {
    try {
      return JSON.parse(this.#store.getItem(key) ?? "null") as T | null;
    } catch {
      return null;
    }
  }
}

import { createContext, useContext, useSyncExternalStore } from "react";
import type { Model } from "~/api/catalogue";
import { ChatStore } from "./chat-store";
import type { Answer, Column, Conversation } from "./conversation";
import type { TextStore } from "./history";
import { type PlaygroundKey, playgroundKeyOf } from "./playground-key";

/** What every part of the page works with. */
export interface Chat {
  store: ChatStore;
  key: PlaygroundKey;
  models: ReadonlyMap<string, Model>;
}

export const ChatContext = createContext<Chat | null>(null);

export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (!chat) throw new Error("useChat is for what is inside the playground");
  return chat;
}

let held: { person: string; store: ChatStore; key: PlaygroundKey } | null = null;

/** The one conversation of this tab, of whoever is signed in. */
export function chatOf(person: string): { store: ChatStore; key: PlaygroundKey } {
  if (held?.person !== person) {
    held?.store.stopAll();
    const key = playgroundKeyOf(person);
    held = { person, key, store: new ChatStore({ key, person, storage: storage() }) };
  }
  return held;
}

function storage(): TextStore | null {
  try {
    return localStorage;
  } catch {
    // Storage is switched off.
    return null;
  }
}

export function useConversation(): Conversation {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, store.conversation);
}

export function useAnswer(id: string | undefined): Answer | undefined {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, () => store.answer(id));
}

/** One thing of an answer, for those who need not be drawn anew with every piece of it. */
export function useAnswerPart<T extends string | null>(
  id: string | undefined,
  part: (answer: Answer) => T,
): T | null {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, () => {
    const answer = store.answer(id);
    return answer ? part(answer) : null;
  });
}

/** How many answers are under way. */
export function useRunning(): number {
  const { store } = useChat();
  return useSyncExternalStore(store.subscribe, store.running);
}

export const modelOf = (chat: Chat, column: Column): Model | undefined =>
  chat.models.get(column.model ?? "");

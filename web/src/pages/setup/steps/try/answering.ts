import { useMutation } from "@tanstack/react-query";
import { useEffect, useReducer, useRef } from "react";
import { address } from "~/api/client";
import { makePlaygroundKey } from "~/api/session";
import { streamJson } from "~/api/stream";

/** What of a chunk of a stream is looked at. */
interface Chunk {
  id?: string;
  provider?: string;
  choices?: { delta?: { content?: string | null } }[];
  usage?: { completion_tokens: number; cost?: number | string };
  error?: { message?: string };
}

export interface Answering {
  text: string;
  /** To the first token. */
  firstMs: number | null;
  totalMs: number | null;
  tokens: number | null;
  cost: string | number | null;
  provider: string | null;
  id: string | null;
}

const NOTHING: Answering = {
  text: "",
  firstMs: null,
  totalMs: null,
  tokens: null,
  cost: null,
  provider: null,
  id: null,
};

/** The answer with what a chunk adds. */
export function withChunk(before: Answering, chunk: Chunk, elapsedMs: number): Answering {
  const piece = chunk.choices?.[0]?.delta?.content ?? "";
  return {
    ...before,
    text: before.text + piece,
    firstMs: before.firstMs ?? (piece === "" ? null : elapsedMs),
    tokens: chunk.usage?.completion_tokens ?? before.tokens,
    cost: chunk.usage?.cost ?? before.cost,
    provider: chunk.provider ?? before.provider,
    id: chunk.id ?? before.id,
  };
}

interface Question {
  model: string;
  prompt: string;
}

/** Asks a model with the person's own playground key, and has the answer as it comes. */
export function useAnswering() {
  const [answer, change] = useReducer(
    (before: Answering, next: (before: Answering) => Answering) => next(before),
    NOTHING,
  );
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async ({ model, prompt }: Question) => {
      const stop = new AbortController();
      abort.current = stop;
      change(() => NOTHING);
      const { key } = await makePlaygroundKey();
      const began = performance.now();
      const chunks = streamJson<Chunk>(address("/chat/completions"), {
        method: "POST",
        signal: stop.signal,
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          "x-title": "Tollgate Playground",
        },
        body: JSON.stringify({
          model,
          stream: true,
          max_tokens: 200,
          messages: [{ role: "user", content: prompt }],
        }),
      });
      for await (const chunk of chunks) {
        if (chunk.error) throw new Error(chunk.error.message ?? "The stream broke off.");
        const elapsed = performance.now() - began;
        change((before) => withChunk(before, chunk, elapsed));
      }
      const total = performance.now() - began;
      change((before) => ({ ...before, totalMs: total }));
    },
  });
  return { answer, ask: mutate, asking: isPending, error };
}

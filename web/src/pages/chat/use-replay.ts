import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError } from "~/api/error";
import { contentQuery, generationQuery } from "~/api/generation";
import { useSearchParams } from "~/url/state";
import { replayOf } from "./replay";
import type { Chat } from "./use-chat";

/** What came of a link to a logged call. */
export interface Replayed {
  generation: string;
  notes: readonly string[];
  /** Why it could not be read; null where it was. */
  error: unknown;
}

/** `?from=gen-…` begins with what a logged call had: its model, and its messages where they are kept. */
export function useReplay({ store, models }: Chat): [Replayed | null, () => void] {
  const [{ from }, change] = useSearchParams();
  const queries = useQueryClient();
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each link
  useEffect(() => {
    if (from === undefined) return;
    let gone = false;
    const read = async () => {
      const [record, content] = await Promise.all([
        queries.fetchQuery({ ...generationQuery(from), retry: false }),
        queries.fetchQuery({ ...contentQuery(from), retry: false }).catch((error: unknown) => {
          // What is not kept, or not for this person to read, is not needed.
          if (error instanceof ApiError && [403, 404].includes(error.status)) return null;
          throw error;
        }),
      ]);
      if (gone) return;
      const replay = replayOf(record, content, (model) => models.has(model));
      store.begin(replay);
      setReplayed({ generation: from, notes: replay.notes, error: null });
    };
    read().catch((error: unknown) => {
      if (gone) return;
      setReplayed({ generation: from, notes: [], error });
      change({ from: undefined });
    });
    return () => {
      gone = true;
    };
  }, [from]);
  return [replayed, () => setReplayed(null)];
}

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { request } from "~/api/client";
import { listen } from "~/api/events";
import type { LogPage, LogRow } from "~/api/logs";

/** The first call that a key makes: seen live, or on the next look. Null until then. */
export function useFirstCall(keyHash: string): LogRow | null {
  const queries = useQueryClient();
  const queryKey = ["first-call", keyHash];
  const { data } = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const page = await request<LogPage>("/logs", { query: { key: keyHash, limit: 1 }, signal });
      return page.data[0] ?? null;
    },
    refetchInterval: (query) => (query.state.data ? false : 10_000),
    retry: false,
  });
  const waiting = !data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key of the query is that of the key
  useEffect(() => {
    if (!waiting) return;
    return listen({
      topics: ["logs"],
      filters: { key: keyHash },
      onEvent: (event) => {
        if (event.event === "logs") void queries.invalidateQueries({ queryKey });
      },
    });
  }, [keyHash, waiting, queries]);
  return data ?? null;
}

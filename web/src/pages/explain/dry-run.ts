import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import type { components } from "~/api/schema";
import { makePlaygroundKey } from "~/api/session";

type ChatRequest = components["schemas"]["ChatRequest"];

/** A session calls no models, so what would happen is asked with the person's own playground key. */
const keyQuery = queryOptions({
  queryKey: ["explain", "key"],
  queryFn: async () => (await makePlaygroundKey()).key,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

async function explain(key: string, body: ChatRequest, signal: AbortSignal) {
  const headers = { authorization: `Bearer ${key}` };
  const call = client.POST("/api/v1/routing/explain", { body, headers, signal });
  return { asked: body, routing: (await answer(call)).data };
}

/** Where a request would go now, with the request that this is about. */
export const dryRunQuery = (queries: QueryClient, body: ChatRequest | null) =>
  queryOptions({
    queryKey: ["explain", body],
    enabled: body !== null,
    staleTime: 0,
    retry: false,
    queryFn: async ({ signal }) => {
      if (body === null) return null;
      try {
        return await explain(await queries.fetchQuery(keyQuery), body, signal);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error;
        // Another page has given the key another secret, an hour ago or more.
        await queries.invalidateQueries({ queryKey: keyQuery.queryKey });
        return explain(await queries.fetchQuery(keyQuery), body, signal);
      }
    },
  });

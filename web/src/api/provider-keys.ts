import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type ProviderKey = Schemas["ProviderKey"];
export type Byok = Schemas["Byok"];
export type NewByok = Schemas["NewByok"];
export type ByokChange = Schemas["ByokChange"];

/** What a provider says of a key. */
export interface Verdict {
  verdict: "accepted" | "refused" | "unknown";
  /** Why nobody knows. */
  reason: string | null;
  latency_ms: number;
}

/** Every provider, and the key that calls reach it with. For those who reach everywhere. */
export const providerKeysQuery = queryOptions({
  queryKey: ["provider-keys"],
  queryFn: async ({ signal }) =>
    (await answer(client.GET("/api/v1/provider-keys", { signal }))).data,
  staleTime: 30_000,
});

/** Asks a provider whether it takes a key. It is not kept. */
export async function tryProviderKey(provider: string, key: string): Promise<Verdict> {
  const { data } = await answer(
    client.POST("/api/v1/provider-keys/{provider}/test", {
      params: { path: { provider } },
      body: { key, skip_test: false },
    }),
  );
  return data;
}

export const giveProviderKey = (provider: string, key: string, skipTest: boolean) =>
  answer(
    client.PUT("/api/v1/provider-keys/{provider}", {
      params: { path: { provider } },
      body: { key, skip_test: skipTest },
    }),
  );

export const removeProviderKey = (provider: string) =>
  answer(client.DELETE("/api/v1/provider-keys/{provider}", { params: { path: { provider } } }));

/** At most 200 keys of callers' own are kept, and 100 come at once. */
const PAGE = 100;

/** Keys of callers' own at providers, by provider, in the order they are tried in. */
export const byokQuery = queryOptions({
  queryKey: ["byok"],
  queryFn: async ({ signal }) => {
    const page = (offset: number) =>
      answer(client.GET("/api/v1/byok", { params: { query: { offset, limit: PAGE } }, signal }));
    const first = await page(0);
    return first.total_count > PAGE ? [...first.data, ...(await page(PAGE)).data] : first.data;
  },
  staleTime: 10_000,
});

export const addByok = (body: NewByok) => answer(client.POST("/api/v1/byok", { body }));

export const changeByok = (id: string, body: ByokChange) =>
  answer(client.PATCH("/api/v1/byok/{id}", { params: { path: { id } }, body }));

export const removeByok = (id: string) =>
  answer(client.DELETE("/api/v1/byok/{id}", { params: { path: { id } } }));

/** What another key at a provider changes: which models there are, and how they are reached. */
export function keysChanged(queries: QueryClient): void {
  for (const name of ["provider-keys", "byok", "models", "model", "providers", "health"]) {
    void queries.invalidateQueries({ queryKey: [name] });
  }
}

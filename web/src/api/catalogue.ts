import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";

async function readModels(signal: AbortSignal) {
  const list = await answer(client.GET("/api/v1/models", { signal }));
  // The other form is a feed, for those who ask for one.
  return typeof list === "string" ? [] : list.data;
}

export type Model = Awaited<ReturnType<typeof readModels>>[number];

/** The models that can be called here. */
export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => readModels(signal),
  staleTime: 300_000,
});

/** The providers that can be called here. */
export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/providers", { signal }))).data,
  staleTime: 300_000,
});

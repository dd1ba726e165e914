import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

export type EndpointHealth = components["schemas"]["EndpointHealth"];

/** How endpoints are doing: all of a model, or of every model those that were called. */
export const healthQuery = (model?: string) =>
  queryOptions({
    queryKey: ["health", model ?? null],
    queryFn: async ({ signal }) =>
      (
        await answer(
          client.GET("/api/v1/routing/health", {
            params: { query: model ? { model } : {} },
            signal,
          }),
        )
      ).data,
    staleTime: 5_000,
  });

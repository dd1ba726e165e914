import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type EndpointsHistory = Schemas["EndpointsHistory"];
export type EndpointHistory = Schemas["EndpointHistory"];
export type EndpointStep = Schemas["EndpointStep"];
export type Incident = Schemas["EndpointIncident"];
export type HistoryRange = EndpointsHistory["range"];

/** The gateways write what they have counted every ten seconds; a step is a quarter of an hour at least. */
export const HISTORY_REFRESH_MS = 60_000;

export interface HistoryAsked {
  range: HistoryRange;
  /** By any of its names. None is every model. */
  model?: string | undefined;
}

/** How endpoints did, step by step, and when they mostly failed. */
export const endpointHistoryQuery = ({ range, model }: HistoryAsked) =>
  queryOptions({
    queryKey: ["endpoint-history", range, model ?? null],
    queryFn: async ({ signal }) =>
      (
        await answer(
          client.GET("/api/v1/routing/history", {
            params: { query: { range, ...(model ? { model } : {}) } },
            signal,
          }),
        )
      ).data,
    staleTime: HISTORY_REFRESH_MS / 2,
    refetchInterval: HISTORY_REFRESH_MS,
    refetchIntervalInBackground: false,
  });

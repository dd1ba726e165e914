import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";
import { unfolded } from "./unfolded";

type Schemas = components["schemas"];

/** A question about what was used, as `POST /analytics/query` takes it. */
export type Question = Omit<Schemas["AnalyticsQuestion"], "limit"> & { limit?: number };
export type Granularity = NonNullable<Question["granularity"]>;
export type UsageFilter = NonNullable<Question["filters"]>[number];
export type UsageRow = Schemas["AnalyticsAnswer"]["data"]["data"][number];
export type UsageMeta = Schemas["AnalyticsMeta"]["data"];

/** An answer with its question: what is drawn is always about the time that was asked about. */
export interface Answered {
  question: Question;
  rows: UsageRow[];
  truncated: boolean;
  warnings: string[];
}

/** The most rows that an answer has. */
const ROWS_MAX = 1000;

export const usageQuery = (question: Question) =>
  queryOptions({
    queryKey: ["usage", question],
    queryFn: ({ signal }) => unfolded(question, (asked) => ask(asked, signal)),
  });

export async function ask(question: Question, signal?: AbortSignal): Promise<Answered> {
  const call = client.POST("/api/v1/analytics/query", {
    body: { limit: ROWS_MAX, ...question },
    ...(signal ? { signal } : {}),
  });
  const { data } = await answer(call);
  const { data: rows, metadata, warnings = [] } = data;
  return { question, rows, truncated: metadata.truncated, warnings };
}

/** The names of what can be asked, headers that spend is attributed by among them. */
export const usageMetaQuery = queryOptions({
  queryKey: ["usage-meta"],
  queryFn: async ({ signal }) =>
    (await answer(client.GET("/api/v1/analytics/meta", { signal }))).data,
  staleTime: 300_000,
});

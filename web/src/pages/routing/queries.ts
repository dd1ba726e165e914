import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import type { components } from "~/api/schema";

type Schemas = components["schemas"];

export type Policy = Schemas["Policy"];
export type Experiment = Schemas["Experiment"];
export type Arm = Experiment["arms"][number];

/** The rules that are stored and in force. */
export const policyQuery = queryOptions({
  queryKey: ["policy"],
  queryFn: async ({ signal }) =>
    (await answer(client.GET("/api/v1/routing/policy", { signal }))).data,
});

/** Versions of the rules, the newest first, until there are no more. */
export const versionsQuery = infiniteQueryOptions({
  queryKey: ["policy", "versions"],
  initialPageParam: 0,
  queryFn: async ({ pageParam, signal }) => {
    const params = { query: pageParam === 0 ? {} : { before: pageParam } };
    return (await answer(client.GET("/api/v1/routing/policy/versions", { params, signal }))).data;
  },
  // Versions count from 1 without gaps.
  getNextPageParam: (page) => {
    const last = page.at(-1)?.version;
    return last !== undefined && last > 1 ? last : undefined;
  },
});

/** What came of the arms of experiments in the last days. */
export const experimentsQuery = (days: number) =>
  queryOptions({
    queryKey: ["experiments", days],
    queryFn: async ({ signal }) => {
      const since = new Date(Date.now() - days * 86_400_000).toISOString();
      const params = { query: { since } };
      return (await answer(client.GET("/api/v1/routing/experiments", { params, signal }))).data;
    },
  });

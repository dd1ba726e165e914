import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, request } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** One attempt at a provider, as a row of the log has it. */
export type LogAttempt = Schemas["LogAttempt"];
export type LogRow = Schemas["LogRow"];
export type LogStatus = LogRow["status"];
export type LogPage = Schemas["LogPage"];
export type LogHistogram = Schemas["LogHistogram"];
export type LogBucket = LogHistogram["data"][number];
export type LogFacet = Schemas["LogFacets"]["data"][number];
export type LogErrorGroup = Schemas["LogErrorGroup"];
/** What was counted: all of the range, or a part of it. */
export type LogCoverage = Schemas["LogCoverage"];

export type LogFacetField = "model" | "provider" | "key" | "user" | "app" | "status";

/** The filters of a view as the API takes them: `filterQuery` of `url/filters` makes them. */
export type LogFilters = Record<string, string>;

export const logsQuery = (filters: LogFilters, limit = 200) =>
  infiniteQueryOptions({
    queryKey: ["logs", filters, limit],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      request<LogPage>("/logs", { query: { ...filters, limit, cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next,
  });

export const logHistogramQuery = (filters: LogFilters, buckets = 60) =>
  queryOptions({
    queryKey: ["logs", "histogram", filters, buckets],
    queryFn: ({ signal }) =>
      request<LogHistogram>("/logs/histogram", { query: { ...filters, buckets }, signal }),
  });

export const logFacetsQuery = (field: LogFacetField, filters: LogFilters) =>
  queryOptions({
    queryKey: ["logs", "facets", field, filters],
    queryFn: ({ signal }) =>
      request<Schemas["LogFacets"]>("/logs/facets", { query: { ...filters, field }, signal }),
    staleTime: 60_000,
  });

export const logErrorsQuery = (filters: LogFilters) =>
  queryOptions({
    queryKey: ["logs", "errors", filters],
    queryFn: ({ signal }) =>
      request<Schemas["LogErrors"]>("/logs/errors", { query: filters, signal }),
  });

/** Where all matching rows can be downloaded. */
export const logExportAddress = (format: "csv" | "json", filters: LogFilters) =>
  address("/logs/export", { ...filters, format });

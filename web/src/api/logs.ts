import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, request } from "./client";

/** One attempt at a provider, as a row of the log has it. */
export interface LogAttempt {
  provider: string;
  status: number | null;
  fault: string | null;
  latency_ms: number | null;
  /** Whether it took over in the middle of an answer. */
  continued: boolean;
}

export type LogStatus = "ok" | "error" | "cancelled";

export interface LogRow {
  id: string;
  created_at: string;
  model: string;
  requested_model: string | null;
  provider: string | null;
  provider_slug: string | null;
  key_hash: string | null;
  key_name: string | null;
  key_label: string | null;
  workspace_id: string | null;
  app: string | null;
  user: string | null;
  api_type: string;
  streamed: boolean;
  cancelled: boolean;
  byok: boolean;
  cached_tokens: number | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  reasoning_tokens: number | null;
  /** US dollars, as decimal text. */
  cost: string | null;
  /** To the first token. */
  latency_ms: number | null;
  generation_time_ms: number | null;
  status: LogStatus;
  error: { status: number; type: string } | null;
  finish_reason: string | null;
  attempts: LogAttempt[];
  preset_id: string | null;
  session_id: string | null;
  router: string | null;
}

/** The span that an answer is about. */
export interface AnsweredRange {
  from: string;
  to: string;
}

export interface LogPage {
  data: LogRow[];
  next: string | null;
  range: AnsweredRange;
}

export interface LogBucket {
  at: string;
  ok: number;
  error: number;
  cancelled: number;
}

export interface LogHistogram {
  data: LogBucket[];
  range: AnsweredRange;
  /** The width of a bucket. */
  seconds: number;
}

export type LogFacetField = "model" | "provider" | "key" | "user" | "app" | "status";

export interface LogFacet {
  value: string;
  label: string;
  count: number;
}

export interface LogErrorGroup {
  provider: string | null;
  status: number | null;
  error_type: string | null;
  message: string | null;
  count: number;
  first_at: string;
  last_at: string;
  keys: number;
}

/** The filters of a view as the API takes them: `filterQuery` of `url/filters` makes them. */
export type LogFilters = Record<string, string>;

interface List<T> {
  data: T[];
}

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
      request<List<LogFacet>>("/logs/facets", { query: { ...filters, field }, signal }),
    staleTime: 60_000,
  });

export const logErrorsQuery = (filters: LogFilters) =>
  queryOptions({
    queryKey: ["logs", "errors", filters],
    queryFn: ({ signal }) =>
      request<List<LogErrorGroup>>("/logs/errors", { query: filters, signal }),
  });

/** Where all matching rows can be downloaded. */
export const logExportAddress = (format: "csv" | "json", filters: LogFilters) =>
  address("/logs/export", { ...filters, format });

import type { Question, UsageRow } from "~/api/analytics";

/** Of fewer calls than these, a percentile or a share says nothing. */
export const CALLS_MIN = 20;
const DAY_MS = 86_400_000;
const DAYS = 30;

/** What our own calls of a model came to in 30 days. Null is too few, or not measured. */
export interface ModelUse {
  calls: number;
  /** Milliseconds to the first token, p50. */
  latency: number | null;
  /** Tokens per second. */
  throughput: number | null;
  /** The share of calls that did not fail, from 0. */
  uptime: number | null;
  /** US dollars. */
  spend: string | number;
}

/** All models at once: one question, never one for each row. */
export function usageOf30Days(now: Date): Question {
  const end = Math.ceil(now.getTime() / DAY_MS) * DAY_MS;
  return {
    metrics: ["usage", "requests", "error_rate", "latency_p50", "throughput"],
    dimensions: ["model"],
    time_range: {
      start: new Date(end - DAYS * DAY_MS).toISOString(),
      end: new Date(end).toISOString(),
    },
    order_by: { field: "requests", direction: "desc" },
  };
}

const measured = (value: UsageRow[string] | undefined, calls: number): number | null =>
  value == null || value === "" || calls < CALLS_MIN ? null : Number(value);

export function modelUseOf(row: UsageRow): ModelUse {
  const calls = Number(row.requests ?? 0);
  const failed = measured(row.error_rate, calls);
  return {
    calls,
    latency: measured(row.latency_p50, calls),
    throughput: measured(row.throughput, calls),
    uptime: failed === null ? null : 1 - failed,
    spend: row.usage ?? "0",
  };
}

export type ModelUses = ReadonlyMap<string, ModelUse>;

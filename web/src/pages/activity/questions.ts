import type { Question, UsageFilter } from "~/api/analytics";
import { type Period, timeRange } from "~/components/usage/period";
import type { Span } from "~/url/range";
import type { Shown } from "./metrics";

/** So many groups have a colour; the others are one. */
export const GROUPS_SHOWN = 7;
/** So many groups are ranked. */
const GROUPS_RANKED = 100;

const COUNTED = ["usage", "byok_usage", "requests", "failed", "total_tokens", "cached_tokens"];
/** Asking for one of these has sums told of by whole hours rather than by days. */
const TIMED = ["latency_p50", "latency_p95"];

const filtered = (filters: readonly UsageFilter[]) =>
  filters.length > 0 ? { filters: [...filters] } : {};

/** The sums of a span: the numbers on top. */
export function totals(span: Span, timed: boolean, filters: readonly UsageFilter[]): Question {
  return {
    metrics: timed ? [...COUNTED, ...TIMED] : COUNTED,
    time_range: timeRange(span),
    ...filtered(filters),
  };
}

/** The groups of a span, the largest first. */
export function ranked(
  span: Span,
  timed: boolean,
  filters: readonly UsageFilter[],
  group: string,
  metric: Shown,
): Question {
  return {
    metrics: ["usage", "requests", "failed", "total_tokens", ...(timed ? ["latency_p50"] : [])],
    dimensions: [group],
    time_range: timeRange(span),
    order_by: { field: orderable(metric, timed), direction: "desc" },
    group_limit: GROUPS_RANKED,
    ...filtered(filters),
  };
}

/** The largest groups of a period over time. */
export function overTime(
  period: Period,
  filters: readonly UsageFilter[],
  group: string,
  metric: Shown,
): Question {
  return {
    metrics: [orderable(metric, period.timed)],
    dimensions: [group],
    granularity: period.step,
    time_range: timeRange(period),
    group_limit: GROUPS_SHOWN,
    ...filtered(filters),
  };
}

const orderable = (metric: Shown, timed: boolean): Shown =>
  metric === "latency_p50" && !timed ? "usage" : metric;

/** How fast and how well calls went, over time. */
export function trends(period: Period, filters: readonly UsageFilter[]): Question {
  const timed = [...TIMED, "generation_time_p50", "generation_time_p95", "throughput"];
  return {
    metrics: [
      "requests",
      "error_rate",
      "prompt_tokens",
      "cached_tokens",
      "cache_hit_rate",
      "fallback_rate",
      ...(period.timed ? timed : []),
    ],
    granularity: period.step,
    time_range: timeRange(period),
    ...filtered(filters),
  };
}

/** How often calls failed, by provider. */
export function failures(period: Period, filters: readonly UsageFilter[]): Question {
  return {
    metrics: ["error_rate", "requests"],
    dimensions: ["provider"],
    granularity: period.step,
    time_range: timeRange(period),
    order_by: { field: "requests", direction: "desc" },
    group_limit: GROUPS_SHOWN,
    ...filtered(filters),
  };
}

/** Whether anybody ever called: of two years, which is as far as a question reaches. */
export function ever(now: Date): Question {
  const from = new Date(now.getTime() - 730 * 86_400_000);
  return { metrics: ["requests"], time_range: timeRange({ from, to: now }) };
}

import type { UsageMeta } from "~/api/analytics";
import { cost, duration, percent, quantity, speed, total } from "~/format";

/** What the chart and the table of the overview are about. */
export const SHOWN = ["usage", "requests", "failed", "total_tokens", "latency_p50"] as const;
export type Shown = (typeof SHOWN)[number];

export type Format = UsageMeta["metrics"][number]["display_format"];

interface ShownMetric {
  label: string;
  /** What the table's column is called. */
  short: string;
  format: Format;
  isRate: boolean;
}

export const METRICS: Record<Shown, ShownMetric> = {
  usage: { label: "Spend", short: "Spend", format: "currency", isRate: false },
  requests: { label: "Requests", short: "Requests", format: "number", isRate: false },
  failed: { label: "Failed", short: "Failed", format: "number", isRate: false },
  total_tokens: { label: "Tokens", short: "Tokens", format: "number", isRate: false },
  latency_p50: { label: "Time to first token", short: "p50", format: "latency", isRate: true },
};

/** A value of a metric, as axes, tooltips and tables have it. */
export function metricText(value: string | number | null | undefined, format: Format): string {
  switch (format) {
    case "currency":
      return cost(value);
    case "percent":
      return percent(value == null ? null : Number(value));
    case "latency":
      return duration(value == null ? null : Number(value));
    case "throughput":
      return speed(value == null ? null : Number(value), 1000);
    case "number":
      return quantity(value == null ? null : Number(value));
  }
}

/** A sum of the whole period. */
export const sumText = (value: string | number | null | undefined, format: Format): string =>
  format === "currency" ? total(value) : metricText(value, format);

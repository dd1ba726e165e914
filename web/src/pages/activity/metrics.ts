import type { Format } from "~/components/usage/metric-text";

/** What the chart and the table of the overview are about. */
export const SHOWN = ["usage", "requests", "failed", "total_tokens", "latency_p50"] as const;
export type Shown = (typeof SHOWN)[number];

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

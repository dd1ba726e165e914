import type { UsageMeta } from "~/api/analytics";
import { cost, duration, percent, quantity, speed, total } from "~/format";

export type Format = UsageMeta["metrics"][number]["display_format"];

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

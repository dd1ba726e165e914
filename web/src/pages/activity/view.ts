import { ask, type UsageFilter } from "~/api/analytics";
import { type Period, timeRange } from "~/components/usage/period";
import { dateTime, zoneName } from "~/format";
import { type Filters, filterWords } from "~/url/filters";
import type { RangeState } from "~/url/use-range";
import { dimensionOf, type Names } from "./dimensions";

/** What the address says, read: all tabs show the same time and filters. */
export interface View {
  filters: Filters;
  setFilters: (filters: Filters) => void;
  range: RangeState;
  period: Period;
  /** The filters as questions have them. */
  asked: UsageFilter[];
  names: Names;
  /** The dimension by which is grouped. */
  group: string;
  setGroup: (dimension: string) => void;
}

/** The time and the filters in words: `2026-11-22 00:00 – 15:34, model openai/gpt-4o`. */
export function scopeOf({ period, filters, range }: View): string {
  const from = dateTime(period.from, period.zone).slice(0, 16);
  const to = dateTime(period.to, period.zone).slice(0, 16);
  const sameDay = from.slice(0, 10) === to.slice(0, 10);
  // The zone is said beside the range; here only where days are another's.
  const zone = period.zone === range.zone ? "" : ` ${zoneName(period.zone)}`;
  const words = filterWords(filters);
  return `${from} – ${sameDay ? to.slice(11) : to}${zone}${words && `, ${words}`}`;
}

const SUGGESTED_MAX = 50;

/** Values of a field that were used in the time that is shown, with how often. */
export async function suggestions({ period, names }: View, field: string, text: string) {
  const dimension = dimensionOf(field);
  if (!dimension) return [];
  const { rows } = await ask({
    metrics: ["requests"],
    dimensions: [dimension],
    time_range: timeRange(period),
    order_by: { field: "requests", direction: "desc" },
  });
  return rows
    .map((row) => ({ group: String(row[dimension] ?? ""), count: Number(row.requests) }))
    .filter(({ group }) => group !== "")
    .map(({ group, count }) => ({
      value: names.addressed(dimension, group),
      label: names.shown(dimension, group),
      count,
    }))
    .filter(({ label, value }) => `${label} ${value}`.toLowerCase().includes(text.toLowerCase()))
    .slice(0, SUGGESTED_MAX);
}

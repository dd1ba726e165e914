import type { Answered, UsageRow } from "~/api/analytics";
import type { Series } from "~/components/Chart";
import { bucketsOf } from "./period";

/** How the gateway calls the groups that are told of together. */
const OTHER = "other";

export interface Charted {
  /** Unix seconds. */
  times: number[];
  series: Series[];
  /** What each series is of, in their order. */
  groups: string[];
}

/** A metric of a row, as a number to draw. Money is drawn from it, never added up. */
export function numberOf(row: UsageRow | undefined, metric: string): number | null {
  const value = row?.[metric];
  if (value == null || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** The group of a row; several dimensions are joined by a line break, which no name has. */
export function groupOf(row: UsageRow, dimensions: readonly string[]): string {
  return dimensions.map((name) => String(row[name] ?? "")).join("\n");
}

const second = (date: unknown) => new Date(String(date)).getTime() / 1000;

/**
 * The rows of an answer as series over time, the largest first and "Other" last.
 *
 * A bucket in which nobody called is a gap. Where somebody did, a group without calls has a zero of
 * what is summed up; of rates and times there is nothing to say.
 */
export function charted(
  { question, rows }: Answered,
  metric: string,
  isRate: boolean,
  named: (group: string) => string,
  order: readonly string[] = [],
): Charted {
  const range = question.time_range;
  const step = question.granularity;
  if (!range || !step) return { times: [], series: [], groups: [] };
  const span = { from: new Date(range.start), to: new Date(range.end) };
  const times = bucketsOf(span, step);
  const places = new Map(times.map((at, index) => [at, index]));
  const dimensions = question.dimensions ?? [];
  const other = dimensions.map(() => OTHER).join("\n");
  const values = new Map<string, (number | null)[]>();
  const called = new Set<number>();
  for (const row of rows) {
    const at = places.get(second(row.date));
    if (at === undefined) continue;
    const group = groupOf(row, dimensions);
    const line = values.get(group) ?? times.map(() => null);
    line[at] = numberOf(row, metric);
    values.set(group, line);
    called.add(at);
  }
  if (!isRate) for (const line of values.values()) fill(line, called);
  const groups = sorted(values, isRate, order, dimensions.length > 0 ? other : null);
  const series = groups.map((group) => ({
    label: group === other && dimensions.length > 0 ? "Other" : named(group),
    values: values.get(group) ?? [],
    ...(group === other && dimensions.length > 0 ? { color: "other" as const } : {}),
  }));
  return { times, series, groups };
}

function fill(line: (number | null)[], called: ReadonlySet<number>): void {
  for (const at of called) line[at] ??= 0;
}

/** In the order that a table beneath has, else the largest first. */
function sorted(
  values: ReadonlyMap<string, (number | null)[]>,
  isRate: boolean,
  order: readonly string[],
  other: string | null,
): string[] {
  const size = (group: string) => {
    const known = (values.get(group) ?? []).filter((value) => value !== null);
    const sum = known.reduce((total, value) => total + value, 0);
    return isRate && known.length > 0 ? sum / known.length : sum;
  };
  const rank = (group: string) => {
    const at = order.indexOf(group);
    return group === other ? Number.POSITIVE_INFINITY : at < 0 ? order.length : at;
  };
  return [...values.keys()].sort((a, b) => rank(a) - rank(b) || size(b) - size(a));
}

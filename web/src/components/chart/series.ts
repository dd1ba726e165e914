import type { ReactNode } from "react";

/** One row of numbers over time. */
export interface Series {
  label: string;
  /** As many as there are times; null is a gap, never a zero. */
  values: readonly (number | null)[];
  /** Of `--color-data-1` to `-7`, `other`, or `bad` for failures; by position where it is left out. */
  color?: DataColor;
  /** Of failures: bars have a red edge. */
  failures?: boolean;
  /** p95 is thinner than p50, p99 is dotted. */
  line?: "solid" | "thin" | "dotted" | undefined;
}

export type DataColor = 1 | 2 | 3 | 4 | 5 | 6 | 7 | "other" | "bad";

const COLORS: readonly DataColor[] = [1, 2, 3, 4, 5, 6, 7];

export function colorOf(series: Series, index: number): DataColor {
  return series.color ?? COLORS[index] ?? "other";
}

/** The series with the colours that they have by their places, whatever their order becomes. */
export function colored(series: readonly Series[]): Series[] {
  return series.map((one, index) => ({ ...one, color: colorOf(one, index) }));
}

/** A moment that explains something: a change of the configuration, an incident. */
export interface Mark {
  at: number;
  label: ReactNode;
}

/** The series on top of one another: the values of each with all those below it. */
export function stack(series: readonly Series[]): (number | null)[][] {
  const below: number[] = [];
  return series.map(({ values, failures }) =>
    values.map((value, index) => {
      if (value === null) return below[index] === undefined ? null : (below[index] ?? null);
      const sum = (below[index] ?? 0) + value;
      below[index] = sum;
      // A bar of nothing would still have its edge.
      return failures && sum === 0 ? null : sum;
    }),
  );
}

/** The first few series by their sums, and the rest as one: "Other". */
export function topSeries(series: readonly Series[], max = 7): Series[] {
  const sum = ({ values }: Series) =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const sorted = [...series].sort((a, b) => sum(b) - sum(a));
  if (sorted.length <= max) return sorted;
  const rest = sorted.slice(max);
  const values = (rest[0]?.values ?? []).map((_, index) => {
    const known = rest.map((one) => one.values[index] ?? null).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  });
  return [...sorted.slice(0, max), { label: `Other (${rest.length})`, values, color: "other" }];
}

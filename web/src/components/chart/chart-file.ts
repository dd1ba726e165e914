import { csv } from "~/format";
import type { Series } from "./series";

/** The numbers of a chart as a file: ISO 8601 in UTC, and values as they are; a gap is null, or empty. */
export function chartFile(
  title: string,
  times: readonly number[],
  series: readonly Series[],
  format: "csv" | "json",
): string {
  const rows = times.map((at, index) => ({
    at: new Date(at * 1000).toISOString(),
    values: series.map(({ values }) => values[index] ?? null),
  }));
  const labels = series.map(({ label }) => label);
  if (format === "csv") {
    return csv(
      ["at", ...labels],
      rows.map(({ at, values }) => [at, ...values]),
    );
  }
  return `${JSON.stringify({ title, series: labels, data: rows }, null, 1)}\n`;
}

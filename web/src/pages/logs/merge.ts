import type { LogBucket, LogHistogram, LogRow } from "~/api/logs";

/** Newest first; calls of the same moment by their ids, as the gateway has them. */
const isNewer = (one: LogRow, other: LogRow): boolean =>
  one.created_at === other.created_at ? one.id > other.id : one.created_at > other.created_at;

/** Rows of both lists, newest first, each once. Both are in that order already. */
export function merged(some: readonly LogRow[], others: readonly LogRow[]): readonly LogRow[] {
  // A list of 100,000 is not written anew for nothing.
  if (some.length === 0) return others;
  const rows: LogRow[] = [];
  let at = 0;
  for (const row of some) {
    for (let other = others[at]; other && isNewer(other, row); other = others[at]) {
      rows.push(other);
      at += 1;
    }
    if (others[at]?.id === row.id) at += 1;
    rows.push(row);
  }
  return [...rows, ...others.slice(at)];
}

/** Newest first. */
export function sorted(rows: readonly LogRow[]): LogRow[] {
  return [...rows].sort((one, other) => (isNewer(one, other) ? -1 : 1));
}

/** The ids of those of a list that are not older than any of some rows. Both are newest first, or nearly. */
export function idsSince(
  list: readonly LogRow[] | undefined,
  rows: readonly LogRow[],
): ReadonlySet<string> {
  const oldest = rows.reduce(
    (least, { created_at }) => (created_at < least ? created_at : least),
    "9",
  );
  const ids = new Set<string>();
  for (const { id, created_at } of list ?? []) {
    if (created_at < oldest) break;
    ids.add(id);
  }
  return ids;
}

/** So many that came live are kept; a list of more than that is asked for anew. */
export const LIVE_MAX = 2_000;

/** Counts over time with calls that have come since, in buckets of their own where they need some. */
export function withLive(histogram: LogHistogram, rows: readonly LogRow[]): LogHistogram {
  if (rows.length === 0) return histogram;
  const width = histogram.seconds * 1_000;
  const until = Date.parse(histogram.range.to);
  const buckets = new Map<number, LogBucket>(
    histogram.data.map((bucket) => [Date.parse(bucket.at), bucket]),
  );
  for (const row of rows) {
    const at = Date.parse(row.created_at);
    // What is older was counted already.
    if (at < until) continue;
    const start = Math.floor(at / width) * width;
    const empty = { at: new Date(start).toISOString(), ok: 0, error: 0, cancelled: 0 };
    const bucket = buckets.get(start) ?? empty;
    buckets.set(start, { ...bucket, [row.status]: bucket[row.status] + 1 });
  }
  return { ...histogram, data: filled(buckets, width) };
}

/** Buckets one after another, with empty ones where there are none. */
function filled(buckets: ReadonlyMap<number, LogBucket>, width: number): LogBucket[] {
  const starts = [...buckets.keys()];
  const first = Math.min(...starts);
  const count = Math.round((Math.max(...starts) - first) / width) + 1;
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * width;
    return buckets.get(at) ?? { at: new Date(at).toISOString(), ok: 0, error: 0, cancelled: 0 };
  });
}

export interface Totals {
  all: number;
  error: number;
  cancelled: number;
}

export function totalsOf(buckets: readonly LogBucket[]): Totals {
  const totals = { all: 0, error: 0, cancelled: 0 };
  for (const { ok, error, cancelled } of buckets) {
    totals.all += ok + error + cancelled;
    totals.error += error;
    totals.cancelled += cancelled;
  }
  return totals;
}

import type { LogBucket } from "~/api/logs";

/** Of the whole drawing, in pixels. */
export const HEIGHT = 56;
/** A click so near to the ground means the errors of a bar, however few they are. */
export const ERROR_REACH = 8;
/** What there is at all can be seen. */
const SEEN_MIN = 2;

/** How high each part of a bar is. */
export interface Bar {
  ok: number;
  error: number;
  cancelled: number;
}

/** Bars from counts; the highest fills the drawing. Parts that are not nothing can be seen. */
export function barsOf(buckets: readonly LogBucket[]): Bar[] {
  const most = Math.max(1, ...buckets.map(({ ok, error, cancelled }) => ok + error + cancelled));
  // Room for the parts that are drawn larger than they are.
  const room = HEIGHT - 3 * SEEN_MIN;
  const high = (count: number) => (count === 0 ? 0 : Math.max(SEEN_MIN, (count / most) * room));
  return buckets.map(({ ok, error, cancelled }) => ({
    ok: high(ok),
    error: high(error),
    cancelled: high(cancelled),
  }));
}

/** The bar at a point, so many of which share a width. */
export function barAt(x: number, width: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor((x / Math.max(width, 1)) * count)));
}

import type { Zone } from "~/format";

/** Spans that have a name in the address bar. Those with a beginning in the calendar come first. */
export const NAMED_RANGES = [
  { name: "today", label: "Today" },
  { name: "yesterday", label: "Yesterday" },
  { name: "month", label: "This month" },
  { name: "1h", label: "Last hour" },
  { name: "24h", label: "Last 24 hours" },
  { name: "7d", label: "Last 7 days" },
  { name: "30d", label: "Last 30 days" },
] as const;

export type RangeName = (typeof NAMED_RANGES)[number]["name"];

/** A span as the address bar has it: a name, or two instants. */
export type Range = { kind: "named"; name: RangeName } | { kind: "fixed"; from: Date; to: Date };

export interface Span {
  from: Date;
  /** Exclusive. */
  to: Date;
}

export const DEFAULT_RANGE: Range = { kind: "named", name: "today" };

/** Reads `7d` or `2026-11-20T00:00:00.000Z..2026-11-21T00:00:00.000Z`; null for anything else. */
export function parseRange(text: string): Range | null {
  const named = NAMED_RANGES.find((range) => range.name === text);
  if (named) return { kind: "named", name: named.name };
  const [first, last, more] = text.split("..");
  if (!first || !last || more !== undefined) return null;
  const from = new Date(first);
  const to = new Date(last);
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()) || from >= to) return null;
  return { kind: "fixed", from, to };
}

export function rangeText(range: Range): string {
  if (range.kind === "named") return range.name;
  return `${range.from.toISOString()}..${range.to.toISOString()}`;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The instants between which a span is, by the clock of a zone. */
export function spanOf(range: Range, now: Date, zone: Zone): Span {
  if (range.kind === "fixed") return { from: range.from, to: range.to };
  const midnight = startOfDay(now, zone, 0);
  switch (range.name) {
    case "today":
      return { from: midnight, to: now };
    case "yesterday":
      return { from: startOfDay(now, zone, -1), to: midnight };
    case "month":
      return { from: startOfMonth(now, zone), to: now };
    case "1h":
      return { from: new Date(now.getTime() - HOUR_MS), to: now };
    case "24h":
      return { from: new Date(now.getTime() - DAY_MS), to: now };
    case "7d":
      return { from: new Date(now.getTime() - 7 * DAY_MS), to: now };
    case "30d":
      return { from: new Date(now.getTime() - 30 * DAY_MS), to: now };
  }
}

/** Midnight, so many days away. A day of summer time has 23 or 25 hours. */
function startOfDay(now: Date, zone: Zone, days: number): Date {
  return zone === "utc"
    ? new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days))
    : new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
}

/** The beginning of a month, so many months away. */
function startOfMonth(now: Date, zone: Zone, months = 0): Date {
  return zone === "utc"
    ? new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1))
    : new Date(now.getFullYear(), now.getMonth() + months, 1);
}

/** Where a span has its place: what `neighbour` needs beside it. */
export interface Placed {
  range: Range;
  span: Span;
  zone: Zone;
}

/**
 * What comes before (-1) or after (1): days, months and rows of whole days have their like in the
 * calendar, all else a span of the same length. Nothing comes after what ends now.
 */
export function neighbour({ range, span, zone }: Placed, direction: -1 | 1, now: Date): Range {
  const today = startOfDay(now, zone, 0);
  if (range.kind === "named" && range.name !== "yesterday" && direction === 1) return range;
  const month = monthOf(range, span, zone);
  if (month) {
    const from = startOfMonth(month, zone, direction);
    if (from.getTime() === startOfMonth(now, zone).getTime())
      return { kind: "named", name: "month" };
    return { kind: "fixed", from, to: startOfMonth(month, zone, direction + 1) };
  }
  const days = daysOf(range, span, zone);
  if (days === null) {
    const length = direction * (span.to.getTime() - span.from.getTime());
    return { kind: "fixed", from: later(span.from, length), to: later(span.to, length) };
  }
  const from = startOfDay(span.from, zone, direction * days);
  const to = startOfDay(from, zone, days);
  if (days === 1 && from.getTime() === today.getTime()) return { kind: "named", name: "today" };
  if (days === 1 && to.getTime() === today.getTime()) return { kind: "named", name: "yesterday" };
  return { kind: "fixed", from, to };
}

const later = (date: Date, ms: number) => new Date(date.getTime() + ms);

/** The beginning of the month that a span is; null where it is none. */
function monthOf(range: Range, { from, to }: Span, zone: Zone): Date | null {
  if (range.kind === "named") return range.name === "month" ? from : null;
  const whole =
    from.getTime() === startOfMonth(from, zone).getTime() &&
    to.getTime() === startOfMonth(from, zone, 1).getTime();
  return whole ? from : null;
}

/** How many whole days a span has; null where it is not of whole days. */
function daysOf(range: Range, { from, to }: Span, zone: Zone): number | null {
  if (range.kind === "named") {
    return range.name === "today" || range.name === "yesterday" ? 1 : null;
  }
  const days = Math.round((to.getTime() - from.getTime()) / DAY_MS);
  const whole =
    from.getTime() === startOfDay(from, zone, 0).getTime() &&
    to.getTime() === startOfDay(from, zone, days).getTime();
  return whole && days > 0 ? days : null;
}

/** A span as the API takes it. */
export function spanQuery(span: Span): { from: string; to: string } {
  return { from: span.from.toISOString(), to: span.to.toISOString() };
}

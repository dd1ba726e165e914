import type { Granularity } from "~/api/analytics";
import type { Zone } from "~/format";
import { type Range, type Span, spanOf } from "~/url/range";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How far apart the rows of a chart are. */
export type Step = Extract<Granularity, "minute" | "hour" | "day" | "week">;

/** What is asked about: sums are kept by whole hours and by UTC days, so ends are moved to them. */
export interface Period extends Span {
  step: Step;
  /** The zone whose days the steps are. */
  zone: Zone;
  /** Whether it is known how long calls took: only for so long. */
  timed: boolean;
  /** What is over of it, and the same part of the period before; null where no hour is over. */
  compared: { now: Span; before: Span; timed: boolean } | null;
}

/** Sums by minute are kept for two days, by hour and of times for 93. */
const MINUTES_KEPT_MS = 47 * HOUR_MS;
const HOURS_KEPT_MS = 93 * DAY_MS;
/** So many buckets at most, for eight series of them are 1,000 rows. */
const BUCKETS_MAX = 125;

const floor = (date: Date, unit: number) => new Date(Math.floor(date.getTime() / unit) * unit);
const ceil = (date: Date, unit: number) => new Date(Math.ceil(date.getTime() / unit) * unit);

/** How a span is asked about. `now` is the instant at which it is asked. */
export function periodOf(range: Range, span: Span, zone: Zone, now: Date): Period {
  const length = span.to.getTime() - span.from.getTime();
  const step = stepFor(length, now.getTime() - span.from.getTime());
  const byDay = step === "day" || step === "week";
  // Days of the sums are those of UTC, whatever the clock on the wall says.
  const clock = byDay ? "utc" : zone;
  const wanted = byDay && range.kind === "named" ? spanOf(range, now, clock) : span;
  const unit = byDay ? DAY_MS : HOUR_MS;
  const from = floor(wanted.from, unit);
  const to = new Date(Math.min(ceil(wanted.to, unit).getTime(), now.getTime()));
  const timed = now.getTime() - from.getTime() <= HOURS_KEPT_MS;
  const whole = { from, to: to > from ? to : ceil(wanted.to, unit) };
  return { ...whole, step, zone: clock, timed, compared: comparison(range, whole, clock, now) };
}

function stepFor(length: number, age: number): Step {
  if (length <= HOUR_MS && age < MINUTES_KEPT_MS) return "minute";
  if (length <= BUCKETS_MAX * HOUR_MS && age < HOURS_KEPT_MS) return "hour";
  return length <= BUCKETS_MAX * DAY_MS ? "day" : "week";
}

/** Compares hours that are over with the same ones of the period before; days, where hours are gone. */
function comparison(range: Range, { from, to }: Span, zone: Zone, now: Date): Period["compared"] {
  const begins = beginningBefore(range, from, to, zone);
  const timed = now.getTime() - begins.getTime() <= HOURS_KEPT_MS;
  const unit = timed ? HOUR_MS : DAY_MS;
  const end = floor(to, unit);
  const length = end.getTime() - from.getTime();
  if (length <= 0) return null;
  const before = floor(begins, unit);
  const until = new Date(Math.min(before.getTime() + length, from.getTime()));
  return { now: { from, to: end }, before: { from: before, to: until }, timed };
}

function beginningBefore(range: Range, from: Date, to: Date, zone: Zone): Date {
  const name = range.kind === "named" ? range.name : null;
  if (name === "today" || name === "yesterday") {
    return spanOf({ kind: "named", name: "yesterday" }, from, zone).from;
  }
  if (name === "month") {
    const lastMoment = new Date(from.getTime() - 1);
    return spanOf({ kind: "named", name: "month" }, lastMoment, zone).from;
  }
  // Spans of days go back by whole days, so that nights are compared with nights.
  const whole = from.getTime() % DAY_MS === 0 && to.getTime() - from.getTime() > DAY_MS;
  const end = whole ? ceil(to, DAY_MS) : floor(to, HOUR_MS);
  return new Date(from.getTime() - (end.getTime() - from.getTime()));
}

/** When the rows between two instants begin, in Unix seconds. */
export function bucketsOf({ from, to }: Span, step: Granularity): number[] {
  const times: number[] = [];
  for (let at = startOf(from, step); at < to; at = startAfter(at, step)) {
    times.push(at.getTime() / 1000);
  }
  return times;
}

/** The beginning of the row that an instant belongs to, by the clock of UTC. */
function startOf(at: Date, step: Granularity): Date {
  if (step === "minute") return floor(at, MINUTE_MS);
  if (step === "hour") return floor(at, HOUR_MS);
  if (step === "month") return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1));
  const day = floor(at, DAY_MS);
  // Weeks begin on Mondays.
  const past = step === "week" ? (day.getUTCDay() + 6) % 7 : 0;
  return new Date(day.getTime() - past * DAY_MS);
}

function startAfter(at: Date, step: Granularity): Date {
  if (step === "month") return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
  const lengths = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS };
  return new Date(at.getTime() + lengths[step]);
}

/** A span as a question has it. */
export const timeRange = ({ from, to }: Span) => ({
  start: from.toISOString(),
  end: to.toISOString(),
});

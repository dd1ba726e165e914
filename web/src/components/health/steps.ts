import type { EndpointHistory, EndpointStep, EndpointsHistory } from "~/api/endpoint-history";
import { dateTime, day, uptime, whole, type Zone } from "~/format";

/** How an endpoint did in a step: none is nobody called it, few is that too few did to say. */
export type Look = "well" | "partly" | "failing" | "few" | "none";

/** The lines of the tiers of routing, in percent. */
const WELL_FROM = 95;
const PARTLY_FROM = 80;
/** Of fewer attempts the gateway tells no uptime. */
const ATTEMPTS_MIN = 5;
const DAY_S = 86_400;

export type Span = Pick<EndpointsHistory, "range" | "from" | "until" | "step_seconds">;

/** What was counted in a step, or in all of them. */
export type Counted = Pick<
  EndpointStep,
  "uptime" | "succeeded" | "failed" | "rate_limited" | "callers"
>;

/** A step of a range, with what was counted in it, if anything was. */
export interface Step {
  /** Unix milliseconds. */
  starts: number;
  ends: number;
  counted: Counted | null;
}

export function lookOf(counted: Counted | null): Look {
  if (!counted) return "none";
  if (counted.uptime === null) return "few";
  if (counted.uptime >= WELL_FROM) return "well";
  return counted.uptime >= PARTLY_FROM ? "partly" : "failing";
}

/** Every step of a range, the oldest first; the answer leaves out those without outcomes. */
export function stepsOf(span: Span, counted: readonly EndpointStep[]): Step[] {
  const byStart = new Map(counted.map((one) => [Date.parse(one.starts_at), one]));
  const from = Date.parse(span.from);
  const length = span.step_seconds * 1000;
  const count = Math.round((Date.parse(span.until) - from) / length);
  return Array.from({ length: count }, (_, at) => {
    const starts = from + at * length;
    return { starts, ends: starts + length, counted: byStart.get(starts) ?? null };
  });
}

/** Several endpoints as if they were one. Their uptime is that of all attempts, not a mean. */
export function together(endpoints: readonly EndpointHistory[]): EndpointStep[] {
  const sums = new Map<string, Counted>();
  for (const { starts_at: at, ...step } of endpoints.flatMap(({ steps }) => steps)) {
    const before = sums.get(at);
    sums.set(at, before ? added([before, step]) : step);
  }
  return [...sums].map(([starts_at, counted]) => ({ starts_at, ...counted }));
}

export function added(all: readonly Counted[]): Counted {
  const sum = (of: (one: Counted) => number) => all.reduce((total, one) => total + of(one), 0);
  const succeeded = sum((one) => one.succeeded);
  const failed = sum((one) => one.failed);
  const judged = succeeded + failed;
  return {
    uptime: judged < ATTEMPTS_MIN ? null : (succeeded / judged) * 100,
    succeeded,
    failed,
    rate_limited: sum((one) => one.rate_limited),
    callers: sum((one) => one.callers),
  };
}

/** Days are those of UTC, whatever clock was chosen. */
export const zoneOfSteps = ({ step_seconds: length }: Span, zone: Zone): Zone =>
  length >= DAY_S ? "utc" : zone;

const MINUTES = "2026-11-20 18:04".length;

/** `2026-11-20 18:00–18:15`, `2026-11-20`. */
export function stepTime({ starts, ends }: Step, zone: Zone): string {
  const [from, to] = [new Date(starts), new Date(ends)];
  if (ends - starts >= DAY_S * 1000) return `${day(from, "utc")} UTC`;
  const written = dateTime(from, zone).slice(0, MINUTES);
  const end = dateTime(to, zone).slice(0, MINUTES);
  return `${written}–${end.slice("2026-11-20 ".length)}`;
}

const LOOK_WORDS: Record<Look, string> = {
  well: "95 % or more",
  partly: "80 to 94 %",
  failing: "Below 80 %",
  few: "Too few to say",
  none: "No attempts",
};

export const lookWords = (look: Look): string => LOOK_WORDS[look];

/** `31 of 40 failed`, with what else there was. */
export function countedWords(counted: Counted | null): string {
  if (!counted) return "no attempts";
  const { succeeded, failed, rate_limited: limited, callers } = counted;
  const judged = succeeded + failed;
  const parts = [
    ...(judged > 0 ? [`${whole(failed)} of ${whole(judged)} failed`] : []),
    ...(limited > 0 ? [`${whole(limited)} rate-limited`] : []),
    ...(callers > 0 ? [`${whole(callers)} ended by callers`] : []),
  ];
  return parts.join(", ") || "no attempts";
}

export const uptimeWords = (counted: Counted | null): string =>
  counted?.uptime == null ? lookWords(lookOf(counted)) : `${uptime(counted.uptime / 100)} up`;

const RANGE_WORDS: Record<EndpointsHistory["range"], [range: string, steps: string]> = {
  "24h": ["24 hours", "quarters of an hour"],
  "7d": ["7 days", "spans of six hours"],
  "30d": ["30 days", "days"],
};

export const lengthWords = (range: EndpointsHistory["range"]): string => RANGE_WORDS[range][0];

/** The whole strip in a sentence, for those who don't see it. */
export function stripSummary(span: Span, steps: readonly Step[]): string {
  const called = steps.flatMap(({ counted }) => (counted ? [counted] : []));
  const [range, many] = RANGE_WORDS[span.range];
  if (called.length === 0) return `no attempts in ${range}`;
  const all = added(called);
  const count = (look: Look) => called.filter((one) => lookOf(one) === look).length;
  const [failing, partly] = [count("failing"), count("partly")];
  const parts = [
    ...(failing > 0 ? [`${whole(failing)} below 80 %`] : []),
    ...(partly > 0 ? [`${whole(partly)} at 80 to 94 %`] : []),
  ];
  const how = all.uptime === null ? "too few to say" : `${uptime(all.uptime / 100)} up`;
  return (
    `${how} in ${range}, ${countedWords(all)}; of ${whole(called.length)} ${many} with attempts ` +
    `${parts.join(", ") || "none below 95 %"}`
  );
}

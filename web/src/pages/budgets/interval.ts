/** How often a budget begins anew, the shortest first. Days, weeks from Monday and months are UTC. */
export const INTERVALS = ["daily", "weekly", "monthly", "lifetime"] as const;
export type Interval = (typeof INTERVALS)[number];

export const INTERVAL_NAMES: Record<Interval, string> = {
  daily: "Day",
  weekly: "Week",
  monthly: "Month",
  lifetime: "Lifetime",
};

export interface Period {
  start: Date;
  end: Date;
}

const DAY_MS = 86_400_000;

/** The period of an interval that an instant is in; a lifetime has none. */
export function periodOf(interval: Interval, now: Date): Period | null {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const at = (...parts: [number, number, number]) => new Date(Date.UTC(...parts));
  switch (interval) {
    case "daily":
      return { start: at(year, month, day), end: at(year, month, day + 1) };
    case "weekly": {
      const monday = day - ((now.getUTCDay() + 6) % 7);
      return { start: at(year, month, monday), end: at(year, month, monday + 7) };
    }
    case "monthly":
      return { start: at(year, month, 1), end: at(year, month + 1, 1) };
    case "lifetime":
      return null;
  }
}

/** What can be asked of a lifetime: the last 731 days. */
export function spanAsked(interval: Interval, now: Date): Period {
  const period = periodOf(interval, now);
  if (period) return period;
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return { start: new Date(today - 730 * DAY_MS), end: new Date(today + DAY_MS) };
}

/** Before so much of a period is over, its rate says nothing. */
const EARLY = 0.05;

export interface Pace {
  /** Of the limit, at the period's end, if spending goes on as so far. */
  share: number;
  /** When the limit would be reached; null where it would not be. */
  usedUpAt: Date | null;
}

/** Where spending at the rate so far leads to; null where that can't be told. */
export function paceOf(interval: Interval, used: number, now: Date): Pace | null {
  const period = periodOf(interval, now);
  if (!period || used <= 0) return null;
  const [start, end] = [period.start.getTime(), period.end.getTime()];
  const elapsed = (now.getTime() - start) / (end - start);
  if (elapsed < EARLY) return null;
  const reached = start + (now.getTime() - start) / used;
  return {
    share: used / elapsed,
    usedUpAt: used < 1 && reached < end ? new Date(reached) : null,
  };
}

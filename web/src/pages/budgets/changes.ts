import { parseDecimal } from "~/format/decimal";
import { INTERVAL_NAMES, INTERVALS, type Interval } from "./interval";
import { isLess } from "./left";

/** What is typed or set, by interval: decimal text, or nothing. */
export type Limits = Partial<Record<Interval, string>>;

/** What is wrong with budgets, by interval: they are more than nothing, and larger for longer ones. */
export function problems(limits: Limits): Limits {
  const found: Limits = {};
  let before: { interval: Interval; limit: string } | null = null;
  for (const interval of INTERVALS) {
    const limit = limits[interval]?.trim() ?? "";
    if (limit === "") continue;
    const value = parseDecimal(limit);
    if (!value || value.negative || value.digits === 0n || /e/i.test(limit)) {
      found[interval] = "An amount of dollars above 0, such as 25 or 0.50.";
      continue;
    }
    if (before && !isLess(before.limit, limit)) {
      const name = INTERVAL_NAMES[before.interval].toLowerCase();
      found[interval] = `More than the ${name}’s $${before.limit}, or leave one of them out.`;
    }
    before = { interval, limit };
  }
  return found;
}

export interface Change {
  interval: Interval;
  /** Null takes the budget away. */
  limit: string | null;
}

/**
 * What to ask for, in an order in which the budgets fit together at every step: what goes, then what
 * grows from the longest on, what shrinks from the shortest on, and what is new.
 */
export function changes(before: Limits, after: Limits): Change[] {
  const wanted = INTERVALS.map((interval) => ({
    interval,
    was: before[interval] ?? null,
    limit: after[interval]?.trim() || null,
  })).filter(({ was, limit }) => !same(was, limit));
  const gone = wanted.filter(({ limit }) => limit === null);
  const grown = wanted.filter(({ was, limit }) => was && limit && isLess(was, limit)).reverse();
  const shrunk = wanted.filter(({ was, limit }) => was && limit && isLess(limit, was));
  const made = wanted.filter(({ was, limit }) => was === null && limit !== null);
  return [...gone, ...grown, ...shrunk, ...made].map(({ interval, limit }) => ({
    interval,
    limit,
  }));
}

function same(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one === other;
  return !isLess(one, other) && !isLess(other, one);
}

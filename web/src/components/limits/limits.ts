import type { KeyRecord } from "~/api/keys";
import { difference, type Maybe } from "~/format";

export type Interval = "daily" | "weekly" | "monthly" | "lifetime";

/** A budget of a workspace, with what was spent of it. */
export interface WorkspaceBudget {
  workspace: string;
  interval: Interval;
  limit: number;
  /** Null where it is not known. */
  spent: number | null;
}

/** The limit that stops a key first. */
export interface Bound {
  /** What it is called, such as `monthly limit`. */
  name: string;
  /** Whose it is: null is the key's own. */
  of: string | null;
  interval: Interval;
  spent: string | number;
  limit: string | number;
  /** What was spent of it, from 0. */
  share: number;
}

const BUDGETS = {
  daily_budget: "daily",
  weekly_budget: "weekly",
  monthly_budget: "monthly",
  lifetime_budget: "lifetime",
} as const satisfies Record<string, Interval>;

/** What a key spent in the present day, week or month of UTC, or ever. */
export function spentIn(key: KeyRecord, interval: Interval): number {
  switch (interval) {
    case "daily":
      return key.usage_daily;
    case "weekly":
      return key.usage_weekly;
    case "monthly":
      return key.usage_monthly;
    case "lifetime":
      return key.usage;
  }
}

/** The limit of which the least is left: the key's, one of its budgets, or its workspace's. */
export function bindingLimit(
  key: KeyRecord,
  budgets: readonly WorkspaceBudget[],
  nameOf: (workspace: string) => string,
): Bound | null {
  const all = [...ownLimits(key), ...aboveLimits(key, budgets, nameOf)];
  const left = ({ limit, spent }: Bound) => Number(limit) - Number(spent);
  return all.reduce<Bound | null>(
    (least, bound) => (least === null || left(bound) < left(least) ? bound : least),
    null,
  );
}

/** The budget from above that leaves less than so many dollars; of null any does. */
export function boundAbove(
  left: string | null,
  workspace: string,
  budgets: readonly WorkspaceBudget[],
): { budget: WorkspaceBudget; left: number } | null {
  let least: { budget: WorkspaceBudget; left: number } | null = null;
  for (const budget of budgets) {
    if (budget.workspace !== workspace || budget.spent === null) continue;
    const rest = Math.max(budget.limit - budget.spent, 0);
    if (rest < (least?.left ?? (left === null ? Number.POSITIVE_INFINITY : Number(left)))) {
      least = { budget, left: rest };
    }
  }
  return least;
}

function ownLimits(key: KeyRecord): Bound[] {
  const bounds: Bound[] = [];
  if (key.limit !== null) {
    const interval = key.limit_reset ?? "lifetime";
    // What is left counts calls by keys of the caller's own where the limit does.
    const spent =
      key.limit_remaining === null
        ? spentIn(key, interval)
        : (difference(key.limit, key.limit_remaining) ?? 0);
    bounds.push(boundOf(`${wordOf(interval)}limit`, null, interval, spent, key.limit));
  }
  for (const [name, interval] of Object.entries(BUDGETS)) {
    const limit: Maybe<string | number> = key.rate_limits[name as keyof typeof BUDGETS];
    if (limit == null) continue;
    bounds.push(
      boundOf(`${wordOf(interval)}budget`, null, interval, spentIn(key, interval), limit),
    );
  }
  return bounds;
}

function aboveLimits(
  key: KeyRecord,
  budgets: readonly WorkspaceBudget[],
  nameOf: (workspace: string) => string,
): Bound[] {
  return budgets.flatMap(({ workspace, interval, limit, spent }) =>
    workspace === key.workspace_id && spent !== null
      ? [boundOf(`${wordOf(interval)}budget`, nameOf(workspace), interval, spent, limit)]
      : [],
  );
}

const wordOf = (interval: Interval) => (interval === "lifetime" ? "" : `${interval} `);

function boundOf(
  name: string,
  of: string | null,
  interval: Interval,
  spent: string | number,
  limit: string | number,
): Bound {
  const most = Number(limit);
  const share = most > 0 ? Number(spent) / most : 1;
  return { name, of, interval, spent, limit, share };
}

/** When a limit begins anew: days, weeks from Monday and months are those of UTC. */
export function resetOf(interval: Interval, now: Date): Date | null {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (interval) {
    case "daily":
      return new Date(Date.UTC(year, month, day + 1));
    case "weekly":
      return new Date(Date.UTC(year, month, day + 7 - ((now.getUTCDay() + 6) % 7)));
    case "monthly":
      return new Date(Date.UTC(year, month + 1, 1));
    case "lifetime":
      return null;
  }
}

/** When the present one began. */
export function beginningOf(interval: Interval, now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (interval) {
    case "daily":
      return new Date(Date.UTC(year, month, day));
    case "weekly":
      return new Date(Date.UTC(year, month, day - ((now.getUTCDay() + 6) % 7)));
    case "monthly":
      return new Date(Date.UTC(year, month, 1));
    case "lifetime":
      return new Date(Date.UTC(year - 2, month, day + 2));
  }
}

export const KEY_STATES = ["active", "used_up", "disabled", "expired"] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** Whether a key works, and if not, why. */
export function stateOf(key: KeyRecord, bound: Bound | null, now: Date): KeyState {
  if (key.disabled) return "disabled";
  if (key.expires_at !== null && new Date(key.expires_at) <= now) return "expired";
  return bound !== null && bound.share >= 1 ? "used_up" : "active";
}

const EXPIRING_MS = 7 * 86_400_000;

/** Whether it ends within a week. */
export function expiresSoon({ expires_at }: KeyRecord, now: Date): boolean {
  if (expires_at === null) return false;
  const left = new Date(expires_at).getTime() - now.getTime();
  return left > 0 && left < EXPIRING_MS;
}

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import type { components } from "~/api/schema";
import type { KeyRecord } from "~/api/session";
import { INTERVALS, type Interval, spanAsked } from "./interval";
import { left, together } from "./left";

type Schemas = components["schemas"];

export type Alert = Schemas["Alert"];
export type Budgets = Schemas["BudgetList"];

const KEYS_PAGE = 100;
const ALERTS_PAGE = 50;
/** How often alerts are asked for while the page is looked at. */
export const ALERTS_MS = 15_000;
const SPEND_MS = 30_000;
/** As many as one answer has. */
const ROWS = 1_000;

export const budgetsQuery = (workspace: string) =>
  queryOptions({
    queryKey: ["workspaces", workspace, "budgets"],
    queryFn: ({ signal }) => {
      const params = { path: { id: workspace } };
      return answer(client.GET("/api/v1/workspaces/{id}/budgets", { params, signal }));
    },
  });

/** From where on keys of a workspace are asked for; null is every workspace. */
interface KeysPlace {
  workspace: string | null;
  offset: number;
}

async function readKeys({ workspace, offset }: KeysPlace, signal: AbortSignal) {
  const query = { offset, ...(workspace === null ? {} : { workspace_id: workspace }) };
  return (await answer(client.GET("/api/v1/keys", { params: { query }, signal }))).data;
}

/**
 * Keys that can be used, the newest first, a hundred at a time. Who does not reach all workspaces
 * names theirs, and is told of a hundred of each.
 */
export const budgetKeysQuery = (workspaces: readonly string[] | null) =>
  infiniteQueryOptions({
    queryKey: ["budgets", "keys", workspaces],
    initialPageParam: (workspaces ?? [null]).map(
      (workspace): KeysPlace => ({ workspace, offset: 0 }),
    ),
    queryFn: async ({ pageParam: places, signal }) => {
      const lists = await Promise.all(places.map((place) => readKeys(place, signal)));
      const older = places.flatMap(({ workspace, offset }, index): KeysPlace[] =>
        (lists[index]?.length ?? 0) < KEYS_PAGE ? [] : [{ workspace, offset: offset + KEYS_PAGE }],
      );
      return { keys: lists.flat(), older };
    },
    getNextPageParam: ({ older }) => (older.length === 0 ? undefined : older),
    refetchInterval: SPEND_MS,
  });

/** What was spent in a period, beside what providers charged to callers' own accounts. */
export interface Spend {
  usage: number;
  byok: number;
}

const NOTHING: Spend = { usage: 0, byok: 0 };

/** What each workspace has spent in the present period of an interval, by its id. */
export const spendQuery = (interval: Interval) =>
  queryOptions({
    queryKey: ["budgets", "spend", interval],
    queryFn: async ({ signal }) => {
      const rows = await ask(interval, ["workspace"], signal);
      return new Map(rows.map((row) => [String(row.workspace), spendOf(row)]));
    },
    refetchInterval: SPEND_MS,
  });

/** What everybody together has spent this month. */
export const spendInAllQuery = queryOptions({
  queryKey: ["budgets", "spend", "all"],
  queryFn: async ({ signal }) => {
    const [row] = await ask("monthly", [], signal);
    return row ? spendOf(row) : NOTHING;
  },
  refetchInterval: SPEND_MS,
});

async function ask(interval: Interval, dimensions: string[], signal: AbortSignal) {
  const { start, end } = spanAsked(interval, new Date());
  const body = {
    metrics: ["usage", "byok_usage"],
    dimensions,
    limit: ROWS,
    time_range: { start: start.toISOString(), end: end.toISOString() },
  };
  return (await answer(client.POST("/api/v1/analytics/query", { body, signal }))).data.data;
}

const spendOf = (row: Record<string, unknown>): Spend => ({
  usage: Number(row.usage ?? 0),
  byok: Number(row.byok_usage ?? 0),
});

/** A page of alerts, the newest first. Members name a workspace of theirs. */
export function readAlerts(workspace: string | null, before: string, signal: AbortSignal) {
  const query = {
    limit: ALERTS_PAGE,
    ...(workspace === null ? {} : { workspace_id: workspace }),
    ...(before === "" ? {} : { before }),
  };
  return answer(client.GET("/api/v1/alerts", { params: { query }, signal }));
}

/** The newest alerts, asked for again and again while the page is looked at. */
export const alertsQuery = (workspace: string | null) =>
  queryOptions({
    queryKey: ["alerts", "list", workspace],
    queryFn: ({ signal }) => readAlerts(workspace, "", signal),
    refetchInterval: ALERTS_MS,
    staleTime: 0,
  });

/** Those before one of them, page by page; they never change. */
export const olderAlertsQuery = (workspace: string | null, before: string | null) =>
  infiniteQueryOptions({
    queryKey: ["alerts", "list", workspace, "before", before],
    initialPageParam: before ?? "",
    queryFn: ({ pageParam, signal }) => readAlerts(workspace, pageParam, signal),
    getNextPageParam: (page) => page.next,
    enabled: before !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** A bound on what may be spent in an interval, and what was. */
export interface Line {
  interval: Interval;
  limit: string;
  /** Null until it is known. */
  spent: string | null;
  left: string | null;
  /** Of the limit, for the width of a bar alone. */
  share: number;
  /** The key's own `limit`, beside its budgets. */
  plain?: boolean;
}

function line(interval: Interval, limit: string, spent: string | null, plain = false): Line {
  return {
    interval,
    limit,
    spent,
    left: spent === null ? null : left(limit, spent),
    share: spent === null ? 0 : Number(spent) / Math.max(Number(limit), Number.MIN_VALUE),
    plain,
  };
}

/** The budgets of a workspace with what was spent of each. */
export function workspaceLines(
  budgets: Budgets,
  workspace: string,
  spends: ReadonlyMap<Interval, ReadonlyMap<string, Spend>>,
): Line[] {
  return budgets.data.map(({ reset_interval, limit_usd }) => {
    const interval: Interval = reset_interval ?? "lifetime";
    const known = spends.get(interval);
    const spend = known?.get(workspace) ?? (known ? NOTHING : null);
    const own = budgets.include_byok_in_budgets ? spend?.byok : 0;
    return line(interval, String(limit_usd), spend && together(spend.usage, own ?? 0));
  });
}

const USED = {
  daily: "usage_daily",
  weekly: "usage_weekly",
  monthly: "usage_monthly",
  lifetime: "usage",
} as const;

/** What a key may spend: its limit, and its budgets. */
export function keyLines(key: KeyRecord): Line[] {
  const found: Line[] = [];
  if (key.limit !== null) {
    const spent = left(key.limit, key.limit_remaining ?? key.limit);
    found.push(line(key.limit_reset ?? "lifetime", String(key.limit), spent, true));
  }
  for (const interval of INTERVALS) {
    const limit = key.rate_limits[`${interval}_budget`];
    if (limit !== undefined) found.push(line(interval, limit, String(key[USED[interval]])));
  }
  return found;
}

/** Which of the bounds leaves the least. */
export function tightest(lines: readonly Line[]): Line | null {
  return lines.reduce<Line | null>(
    (found, one) =>
      one.left !== null && (found?.left == null || Number(one.left) < Number(found.left))
        ? one
        : found,
    null,
  );
}

import { queryOptions } from "@tanstack/react-query";
import { ask } from "~/api/analytics";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import { beginningOf, type Interval, type WorkspaceBudget } from "./limits";

/** The budgets of workspaces, with what was spent of each: a key's own limit may not be what binds. */
export const workspaceBudgetsQuery = (workspaces: readonly string[], now: Date) =>
  queryOptions({
    queryKey: ["keys", "budgets", workspaces, now.toISOString().slice(0, 10)],
    enabled: workspaces.length > 0,
    queryFn: async ({ signal }): Promise<WorkspaceBudget[]> => {
      const lists = await Promise.all(workspaces.map((id) => readBudgets(id, signal)));
      const wanted = lists.flat();
      const intervals = [...new Set(wanted.map(({ interval }) => interval))];
      const spent = await Promise.all(intervals.map((one) => readSpend(one, now, signal)));
      return wanted.map((budget) => ({
        ...budget,
        spent: spent[intervals.indexOf(budget.interval)]?.(budget.workspace) ?? null,
      }));
    },
  });

type WantedBudget = Omit<WorkspaceBudget, "spent">;

async function readBudgets(id: string, signal: AbortSignal): Promise<WantedBudget[]> {
  try {
    const call = client.GET("/api/v1/workspaces/{id}/budgets", {
      params: { path: { id } },
      signal,
    });
    const { data } = await answer(call);
    return data.map(({ limit_usd, reset_interval }) => ({
      workspace: id,
      interval: reset_interval ?? "lifetime",
      limit: limit_usd,
    }));
  } catch (error) {
    // Who may not see the money of a workspace sees the limits of its keys all the same.
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return [];
    throw error;
  }
}

async function readSpend(interval: Interval, now: Date, signal: AbortSignal) {
  const { rows } = await ask(
    {
      metrics: ["usage"],
      dimensions: ["workspace"],
      time_range: { start: beginningOf(interval, now).toISOString(), end: now.toISOString() },
    },
    signal,
  );
  return (workspace: string) => Number(rows.find((row) => row.workspace === workspace)?.usage ?? 0);
}

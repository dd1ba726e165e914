import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import type { components } from "~/api/schema";
import { monthOf, monthsFrom } from "./month";

type Schemas = components["schemas"];

export type Statement = Schemas["Statement"]["data"];
export type Movement = Statement["movements"][number];
export type Plan = Schemas["Plans"]["data"][number];
export type Agreement = Schemas["Agreement"]["data"];
export type TopUp = Schemas["AutoTopUp"]["data"];

export const creditsQuery = (account: string) =>
  queryOptions({
    queryKey: ["credits", account],
    queryFn: async ({ signal }) => {
      const params = { query: { account } };
      return (await answer(client.GET("/api/v1/credits", { params, signal }))).data;
    },
  });

/** A month of the account; null where nothing had happened by its end. */
export const statementQuery = (account: string, month: string) =>
  queryOptions({
    queryKey: ["credits", account, "statement", month],
    queryFn: async ({ signal }): Promise<Statement | null> => {
      const params = { path: { month }, query: { account } };
      const call = client.GET("/api/v1/credits/statements/{month}", { params, signal });
      try {
        const read = await answer(call);
        return typeof read === "string" ? null : read.data;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    placeholderData: undefined,
  });

/** A statement as a file, exactly as the gateway makes it. */
export async function statementFile(account: string, month: string, type: string): Promise<Blob> {
  const params = { path: { month }, query: { account } };
  const headers = { accept: type };
  const call = client.GET("/api/v1/credits/statements/{month}", {
    params,
    headers,
    parseAs: "blob",
  });
  return (await answer(call)) as unknown as Blob;
}

export const plansQuery = queryOptions({
  queryKey: ["plans"],
  queryFn: async ({ signal }) =>
    (await answer(client.GET("/api/v1/credits/plans", { signal }))).data,
});

export const planQuery = (account: string) =>
  queryOptions({
    queryKey: ["credits", account, "plan"],
    queryFn: async ({ signal }) => {
      const params = { query: { account } };
      return (await answer(client.GET("/api/v1/credits/plan", { params, signal }))).data;
    },
  });

/** What is bought without anybody asking; null where nothing is sold. */
export const topUpQuery = (account: string) =>
  queryOptions({
    queryKey: ["credits", account, "top-up"],
    queryFn: async ({ signal }): Promise<TopUp | null> => {
      const params = { query: { account } };
      try {
        return (await answer(client.GET("/api/v1/credits/auto-topup", { params, signal }))).data;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

/** What calls of workspaces cost in each of the last months, the newest first. */
export const monthsQuery = (workspaces: readonly string[]) =>
  queryOptions({
    queryKey: ["credits", "months", workspaces],
    queryFn: async ({ signal }) => {
      const now = new Date();
      const at = (months: number) =>
        new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1)).toISOString();
      const body = {
        metrics: ["usage", "requests"],
        granularity: "month" as const,
        time_range: { start: at(-MONTHS), end: at(1) },
        filters: [
          { field: "workspace", operator: "in" as const, value: workspaces, include_unset: false },
        ],
        limit: MONTHS + 1,
      };
      const { data } = await answer(client.POST("/api/v1/analytics/query", { body, signal }));
      return data.data
        .map((row) => ({
          month: String(row.date).slice(0, "2026-11".length),
          usage: row.usage ?? null,
          requests: Number(row.requests ?? 0),
        }))
        .reverse();
    },
  });

/** What calls cost on one UTC day. */
export interface Day {
  /** `2026-11-22`. */
  date: string;
  usage: string | number;
}

/** So many days, today among them, say how fast credit goes. */
export const RUNWAY_DAYS = 7;
const DAY_MS = 86_400_000;
/** Those of a month, and the few before it. */
const DAYS_MAX = 50;

/** What calls of workspaces cost by day: those of a month, and in the present one the last few. */
export const daysQuery = (workspaces: readonly string[], month: string) =>
  queryOptions({
    queryKey: ["credits", "days", workspaces, month],
    queryFn: async ({ signal }): Promise<Day[]> => {
      const now = new Date();
      const begin = new Date(`${month}-01T00:00:00Z`);
      const end = new Date(`${monthsFrom(month, 1)}-01T00:00:00Z`);
      const lately = new Date(now.getTime() - (RUNWAY_DAYS - 1) * DAY_MS);
      const recent = new Date(lately.toISOString().slice(0, "2026-11-22".length));
      const body = {
        metrics: ["usage"],
        limit: DAYS_MAX,
        granularity: "day" as const,
        time_range: {
          start: (month === monthOf(now) && recent < begin ? recent : begin).toISOString(),
          end: end.toISOString(),
        },
        filters: [
          { field: "workspace", operator: "in" as const, value: workspaces, include_unset: false },
        ],
      };
      const { data } = await answer(client.POST("/api/v1/analytics/query", { body, signal }));
      return data.data.map(({ date, usage }) => ({ date: String(date), usage: usage ?? 0 }));
    },
  });

/** So far back months are asked for. */
const MONTHS = 12;

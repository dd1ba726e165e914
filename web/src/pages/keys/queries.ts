import { queryOptions } from "@tanstack/react-query";
import { ask, type Question } from "~/api/analytics";
import { answer, client } from "~/api/client";
import { whole } from "~/format";
import { ACTS_MAX, managing } from "./managing";

const DAY_MS = 86_400_000;
/** So far back is looked for the last use of a key. */
export const USE_DAYS = 30;
/** So many days has the course of a key. */
export const COURSE_DAYS = 7;

/** What a key was used for lately. */
export interface KeyUse {
  /** The day of UTC on which it was called last. */
  lastDay: string;
  /** Requests by day, the present one last. */
  course: number[];
  /** Requests in these days. */
  requests: number;
}

export const requestWords = (count: number) =>
  `${whole(count)} ${count === 1 ? "request" : "requests"}`;

/** The use of all keys at once: one question, never one for each row. */
export const keyUseQuery = (today: string) =>
  queryOptions({
    queryKey: ["keys", "use", today],
    queryFn: async ({ signal }) => {
      const { rows, truncated } = await ask(useQuestion(today), signal);
      const days = daysUntil(today, COURSE_DAYS);
      const uses = new Map<string, KeyUse>();
      for (const row of rows) {
        const [hash, day] = [String(row.api_key), String(row.date)];
        const requests = Number(row.requests ?? 0);
        const use = uses.get(hash) ?? { lastDay: day, course: days.map(() => 0), requests: 0 };
        const at = days.indexOf(day);
        if (at >= 0) {
          use.course[at] = requests;
          use.requests += requests;
        }
        uses.set(hash, use);
      }
      return { uses, whole: !truncated };
    },
  });

export type KeyUses = Awaited<ReturnType<NonNullable<ReturnType<typeof keyUseQuery>["queryFn"]>>>;

function useQuestion(today: string): Question {
  const end = new Date(new Date(today).getTime() + DAY_MS);
  return {
    metrics: ["requests"],
    dimensions: ["api_key"],
    granularity: "day",
    time_range: {
      start: new Date(end.getTime() - USE_DAYS * DAY_MS).toISOString(),
      end: end.toISOString(),
    },
    // The newest first: where there are too many rows, the oldest are missing.
    order_by: { field: "date", direction: "desc" },
  };
}

function daysUntil(today: string, count: number): string[] {
  const last = new Date(today).getTime();
  return Array.from({ length: count }, (_, at) =>
    new Date(last - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10),
  );
}

/** The newest acts of everybody. */
export const managingQuery = queryOptions({
  queryKey: ["audit", "managing"],
  queryFn: async ({ signal }) => {
    const params = { query: { limit: ACTS_MAX } };
    const { data } = await answer(client.GET("/api/v1/audit", { params, signal }));
    return managing(data);
  },
});

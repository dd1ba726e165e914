import { queryOptions } from "@tanstack/react-query";
import { ask } from "~/api/analytics";
import { modelUseOf, usageOf30Days } from "./use";

/** What our own calls of each model came to. */
export const modelUsesQuery = (now: Date) =>
  queryOptions({
    // A day is counted as a whole, so the question is another one tomorrow only.
    queryKey: ["models", "use", now.toISOString().slice(0, 10)],
    queryFn: async ({ signal }) => {
      const { rows } = await ask(usageOf30Days(now), signal);
      return new Map(rows.map((row) => [String(row.model), modelUseOf(row)]));
    },
    staleTime: 60_000,
  });

import { type Filters, filterQuery, withoutTerm, withTerm } from "~/url/filters";
import { rangeText, type Span } from "~/url/range";
import type { Search } from "~/url/state";
import type { Shown } from "./metrics";

/** The filters of the calls that a number counts: of failures only those that failed. */
export const countedBy = (filters: Filters, metric: Shown): Filters =>
  metric === "failed" ? withTerm(withoutTerm(filters, "status"), "status", "error") : filters;

/** Where the rows behind a number are: the log with the same filters and the same time. */
export function logSearch(
  filters: Filters,
  span: Span,
  only?: { field: string; value: string },
): Search {
  // Where one group is asked for, other terms of its field say nothing more.
  const narrowed = only
    ? withTerm(withoutTerm(filters, only.field), only.field, only.value)
    : filters;
  const range = rangeText({ kind: "fixed", from: span.from, to: span.to });
  return { ...filterQuery(narrowed), range };
}

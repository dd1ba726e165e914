import { useCallback, useMemo } from "react";
import { type Filters, filterQuery, withoutTerm, withTerm } from "~/url/filters";
import { type Range, rangeText, spanQuery } from "~/url/range";
import { oneOf, useSearchParams, useUrlState } from "~/url/state";
import { useFilters } from "~/url/use-filters";
import { type RangeState, useRange } from "~/url/use-range";

/** The fields that calls can be filtered by, the most useful first. */
export const FIELDS = [
  "model",
  "provider",
  "key",
  "status",
  "user",
  "app",
  "session",
  "preset",
  "workspace",
  "api",
  "fallback",
  "streamed",
  "byok",
  "min_cost",
  "min_ms",
] as const;

const TAB = oneOf(["requests", "errors"], "requests");
export type Tab = "requests" | "errors";

/** Whether a range goes on as time does. */
export const isOpenEnded = (range: Range): boolean =>
  range.kind === "named" && range.name !== "yesterday";

/** What a value of a row can be taken for: a filter by it. */
export type FilterBy = (field: string, value: string, excluded?: boolean) => void;

export interface View {
  filters: Filters;
  setFilters: (filters: Filters) => void;
  /** Adds a filter, as a step that one can go back from. */
  filterBy: FilterBy;
  toggle: (field: string, value: string) => void;
  /** Looks into a part of the range, and only at errors where that is wanted. */
  zoom: (from: Date, to: Date, errors?: boolean) => void;
  /** The calls behind a row of grouped errors. */
  showErrors: (terms: Readonly<Record<string, string>>) => void;
  range: RangeState;
  tab: Tab;
  setTab: (tab: Tab) => void;
  openEnded: boolean;
  /** The filters alone, as the API takes them. */
  filterMembers: Record<string, string>;
  /** The filters and the range, as the API takes them. A range that goes on has no end. */
  query: Record<string, string>;
}

/** What the address bar says of the log. */
export function useView(): View {
  const [filters, setFilters] = useFilters();
  const [, change] = useSearchParams();
  const range = useRange();
  const [tab, setTab] = useUrlState("tab", TAB);
  const openEnded = isOpenEnded(range.range);
  const filterMembers = useMemo(() => filterQuery(filters), [filters]);
  const query = useMemo(() => {
    const { from, to } = spanQuery(range.span);
    return { ...filterMembers, from, ...(openEnded ? {} : { to }) };
  }, [filterMembers, range.span, openEnded]);

  const push = useCallback(
    (next: Filters, more: Record<string, string | undefined> = {}) => {
      const gone = Object.fromEntries(Object.keys(filters).map((name) => [name, undefined]));
      change({ ...gone, ...filterQuery(next), ...more }, true);
    },
    [filters, change],
  );
  const filterBy: FilterBy = (field, value, excluded = false) =>
    push(withTerm(filters, field, value, excluded));
  const toggle = (field: string, value: string) => {
    const set = filters[field]?.some((term) => term.value === value) ?? false;
    push(set ? withoutTerm(filters, field, value) : withTerm(filters, field, value));
  };
  const zoom = (from: Date, to: Date, errors = false) => {
    const next = errors ? withTerm(withoutTerm(filters, "status"), "status", "error") : filters;
    push(next, { range: rangeText({ kind: "fixed", from, to }) });
  };
  const showErrors = (terms: Readonly<Record<string, string>>) => {
    const next = Object.entries(terms).reduce(
      (done, [field, value]) => withTerm(withoutTerm(done, field), field, value),
      filters,
    );
    push(next, { tab: undefined });
  };
  return {
    filters,
    setFilters,
    filterBy,
    toggle,
    zoom,
    showErrors,
    range,
    tab: tab === "errors" ? "errors" : "requests",
    setTab: (next) => setTab(next, true),
    openEnded,
    filterMembers,
    query,
  };
}

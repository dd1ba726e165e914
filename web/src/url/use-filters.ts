import { useCallback, useMemo } from "react";
import { type Filters, filterQuery, parseFilters } from "./filters";
import { useSearchParams } from "./state";

/** The filters of the address bar, and how to set them all. */
export function useFilters(): [Filters, (filters: Filters) => void] {
  const [search, change] = useSearchParams();
  const filters = useMemo(() => parseFilters(search), [search]);
  const set = useCallback(
    (next: Filters) => {
      const gone = Object.fromEntries(Object.keys(filters).map((name) => [name, undefined]));
      change({ ...gone, ...filterQuery(next) });
    },
    [change, filters],
  );
  return [filters, set];
}

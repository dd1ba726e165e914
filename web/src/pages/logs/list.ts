import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { type LogPage, logsQuery } from "~/api/logs";

/** The calls of a view, page after page. What was read once is not read again by itself. */
export function useLogList(query: Record<string, string>, enabled: boolean) {
  const options = logsQuery(query);
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    ...options,
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    // Seen again after another page it has to have what came meanwhile.
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const { data, isPlaceholderData, fetchNextPage, hasNextPage, isFetching, error } = list;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetching && !error) void fetchNextPage({ cancelRefetch: false });
  }, [hasNextPage, isFetching, error, fetchNextPage]);
  const { queryKey } = options;
  const again = useCallback(() => {
    // One page is asked for, not as many as were read.
    queries.setQueryData<{ pages: LogPage[]; pageParams: string[] }>(
      queryKey,
      (before) =>
        before && { pages: before.pages.slice(0, 1), pageParams: before.pageParams.slice(0, 1) },
    );
    void queries.invalidateQueries({ queryKey, exact: true });
  }, [queries, queryKey]);
  return { ...list, rows, more, again, current: data !== undefined && !isPlaceholderData };
}

import { keepPreviousData, QueryClient } from "@tanstack/react-query";
import { worthRetrying } from "./error";

/** Keeps what was shown until its successor is there, and tries again only what may succeed. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        placeholderData: keepPreviousData,
        retry: (failures, error) => failures < 2 && worthRetrying(error),
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  });
}

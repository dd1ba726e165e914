import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { address, answer, client } from "./client";
import { ApiError } from "./error";
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A batch; lists have it without its results. */
export type Batch = Schemas["Batch"];
export type BatchStatus = Schemas["BatchStatus"];
export type BatchResult = Schemas["BatchResult"];

/** The most that an answer has. */
const PAGE = 100;
/** How often those that go on are asked about. */
const EVERY_MS = 5_000;

/** Whether nothing more comes of it. */
export const hasEnded = ({ status }: Pick<Batch, "status">): boolean =>
  status === "completed" || status === "failed" || status === "expired" || status === "cancelled";

export interface BatchesAsked {
  /** An id or slug; undefined is that of the session. */
  workspace: string | undefined;
  /** Undefined is any. */
  status: BatchStatus | undefined;
}

/** The batches of a workspace, the newest first. They are asked for again while any of them goes on. */
export const batchesQuery = ({ workspace, status }: BatchesAsked) =>
  infiniteQueryOptions({
    queryKey: ["batches", "list", workspace ?? null, status ?? null],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => {
      const query = {
        limit: PAGE,
        ...(pageParam === "" ? {} : { after: pageParam }),
        ...(workspace === undefined ? {} : { workspace_id: workspace }),
        ...(status === undefined ? {} : { status: [status] }),
      };
      return answer(client.GET("/api/v1/batches", { params: { query }, signal }));
    },
    getNextPageParam: (page) => (page.has_more ? page.last_id : null),
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ data }) => data.some((batch) => !hasEnded(batch)))
        ? EVERY_MS
        : false,
  });

/** One batch, which has all of its results once it has ended. Null where there is none. */
export const batchQuery = (id: string) =>
  queryOptions({
    queryKey: ["batches", "one", id],
    queryFn: async ({ signal }): Promise<Batch | null> => {
      try {
        const params = { path: { id } };
        return await answer(client.GET("/api/v1/batches/{id}", { params, signal }));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    // Another batch's results are no stand-in for this one's.
    placeholderData: undefined,
    refetchInterval: ({ state }) => (state.data && !hasEnded(state.data) ? EVERY_MS : false),
  });

/** Where a batch can be downloaded with its results; the gateway writes it as it reads it. */
export const batchAddress = (id: string) => address(`/batches/${id}`);

export const cancelBatch = (id: string) =>
  answer(client.POST("/api/v1/batches/{id}/cancel", { params: { path: { id } } }));

export const deleteBatch = (id: string) =>
  answer(client.DELETE("/api/v1/batches/{id}", { params: { path: { id } } }));

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";
import type { KeyRecord, SignedIn } from "./session";

type Schemas = components["schemas"];

export type { KeyRecord } from "./session";
export type NewKey = Schemas["NewKey"];
export type KeyChange = Schemas["KeyChange"];
export type KeyLimits = Schemas["WantedKeyLimits"];
export type CreatedKey = Schemas["CreatedKey"];

/** How many keys an answer has at most. */
export const KEYS_PAGE = 100;

/** Keys of one workspace, or of all where somebody reaches all: the newest first. */
export const keysQuery = (workspace: string | null) =>
  infiniteQueryOptions({
    queryKey: ["keys", "list", workspace],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => readKeys(workspace, pageParam, signal),
    getNextPageParam: (page, _, offset) => (page.length < KEYS_PAGE ? null : offset + KEYS_PAGE),
  });

async function readKeys(
  workspace: string | null,
  offset: number,
  signal: AbortSignal,
): Promise<KeyRecord[]> {
  const query = {
    include_disabled: true,
    ...(offset > 0 ? { offset } : {}),
    ...(workspace === null ? {} : { workspace_id: workspace }),
  };
  return (await answer(client.GET("/api/v1/keys", { params: { query }, signal }))).data;
}

export const keyQuery = (hash: string) =>
  queryOptions({
    queryKey: ["keys", "one", hash],
    queryFn: async ({ signal }) =>
      (await answer(client.GET("/api/v1/keys/{hash}", { params: { path: { hash } }, signal })))
        .data,
    // Another key's record is no stand-in for this one's.
    placeholderData: undefined,
  });

/** The newest keys by hash, to name them in charts. */
export const keyNamesQuery = (session: SignedIn) =>
  queryOptions({
    queryKey: ["keys", "names", session.everywhere],
    queryFn: async ({ signal }) => {
      const places = session.everywhere ? [null] : session.workspaces.map(({ id }) => id);
      const lists = await Promise.all(places.map((place) => readKeys(place, 0, signal)));
      return new Map(lists.flat().map((key) => [key.hash, key.name]));
    },
    staleTime: 60_000,
  });

export const createKey = (body: NewKey) => answer(client.POST("/api/v1/keys", { body }));

export const changeKey = async (hash: string, body: KeyChange): Promise<KeyRecord> =>
  (await answer(client.PATCH("/api/v1/keys/{hash}", { params: { path: { hash } }, body }))).data;

/** Gives a key another secret; the one before works on for so many seconds. */
export const rotateKey = (hash: string, overlap: number) =>
  answer(
    client.POST("/api/v1/keys/{hash}/rotate", {
      params: { path: { hash } },
      body: { overlap_seconds: overlap },
    }),
  );

export const deleteKey = (hash: string) =>
  answer(client.DELETE("/api/v1/keys/{hash}", { params: { path: { hash } } }));

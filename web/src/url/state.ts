import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** The query of the address bar: plain text by name, as people read and write it. */
export type Search = Readonly<Record<string, string>>;

/** What a change sets; undefined takes a member away. */
export type SearchChange = Record<string, string | undefined>;

/** How one member of the query is read and written. Reading never fails: it falls back. */
export interface Codec<T> {
  read: (text: string | undefined) => T;
  /** Undefined where the value is the one that is meant without the member. */
  write: (value: T) => string | undefined;
}

export const text = (fallback = ""): Codec<string> => ({
  read: (value) => value ?? fallback,
  write: (value) => (value === fallback ? undefined : value),
});

export const oneOf = <T extends string>(values: readonly T[], fallback: T): Codec<T> => ({
  read: (value) => values.find((known) => known === value) ?? fallback,
  write: (value) => (value === fallback ? undefined : value),
});

export const flag = (fallback = false): Codec<boolean> => ({
  read: (value) => (value === undefined ? fallback : value === "true"),
  write: (value) => (value === fallback ? undefined : String(value)),
});

export const list: Codec<string[]> = {
  read: (value) => (value ? value.split(",").filter((part) => part !== "") : []),
  write: (values) => (values.length > 0 ? values.join(",") : undefined),
};

/** The whole query, and how to change members of it. */
export function useSearchParams(): [Search, (change: SearchChange, push?: boolean) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback(
    (members: SearchChange, push = false) => {
      void navigate({
        to: ".",
        search: (before: Search) => merged(before, members),
        replace: !push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [search, change];
}

export function merged(before: Search, change: SearchChange): Search {
  const after: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === "") delete after[name];
    else after[name] = value;
  }
  return after;
}

/**
 * One typed member of the query, like `useState`:
 *
 *     const SORT = oneOf(["name", "spend"], "name");
 *     const [sort, setSort] = useUrlState("sort", SORT);
 *
 * Keep the codec outside the component.
 */
export function useUrlState<T>(
  name: string,
  codec: Codec<T>,
): [T, (value: T, push?: boolean) => void] {
  const [search, change] = useSearchParams();
  const set = useCallback(
    (value: T, push = false) => change({ [name]: codec.write(value) }, push),
    [change, name, codec],
  );
  return [codec.read(search[name]), set];
}

/** What a sheet shows: `?open=`. Null closes it. */
export function useOpen(): [string | null, (id: string | null) => void] {
  const [search, change] = useSearchParams();
  const set = useCallback(
    (id: string | null) => change({ open: id ?? undefined }, id !== null && !search.open),
    [change, search.open],
  );
  return [search.open ?? null, set];
}

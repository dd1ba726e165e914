import { useMemo, useSyncExternalStore } from "react";
import type { Search } from "./state";

/** What an address shows, under a name: filters, range, chart. Kept in this browser. */
export interface SavedView {
  name: string;
  search: Search;
}

/** Longer names are cut. */
export const NAME_MAX = 60;
/** So many of a page are kept; the oldest goes. */
export const VIEWS_MAX = 50;

/** What of an address belongs to a view: not what is open in it, or chosen for a moment. */
export function viewOf(search: Search): Search {
  const { open: _, pick: __, ...view } = search;
  return view;
}

/** Whether two addresses show the same, in whatever order they say it. */
export function sameView(one: Search, other: Search): boolean {
  const text = (search: Search) =>
    JSON.stringify(Object.entries(viewOf(search)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return text(one) === text(other);
}

/** With one more, the youngest first. The same name again is the same view. */
export function withView(views: readonly SavedView[], name: string, search: Search): SavedView[] {
  const view = { name: name.trim().slice(0, NAME_MAX), search: viewOf(search) };
  if (view.name === "") return [...views];
  return [view, ...withoutView(views, view.name)].slice(0, VIEWS_MAX);
}

export const withoutView = (views: readonly SavedView[], name: string): SavedView[] =>
  views.filter((view) => view.name !== name);

/** Reads what was kept. What another version or somebody's hand left there is passed over. */
export function parseViews(text: string | null): SavedView[] {
  let found: unknown = null;
  try {
    found = JSON.parse(text ?? "[]");
  } catch {
    // It was cut off.
  }
  return Array.isArray(found) ? found.filter(isView) : [];
}

function isView(value: unknown): value is SavedView {
  if (typeof value !== "object" || value === null) return false;
  const { name, search } = value as Partial<Record<keyof SavedView, unknown>>;
  return (
    typeof name === "string" &&
    typeof search === "object" &&
    search !== null &&
    Object.values(search).every((member) => typeof member === "string")
  );
}

const listeners = new Set<() => void>();
/** Without storage, as in some private windows, views hold until the page is left. */
const unstored = new Map<string, string>();

const placeOf = (page: string): string => `tollgate.views.${page}`;

function read(page: string): string | null {
  const held = unstored.get(page);
  if (held !== undefined) return held;
  try {
    return localStorage.getItem(placeOf(page));
  } catch {
    // Storage is switched off.
    return null;
  }
}

function write(page: string, views: readonly SavedView[]): void {
  const text = JSON.stringify(views);
  try {
    localStorage.setItem(placeOf(page), text);
  } catch {
    unstored.set(page, text);
  }
  for (const listener of listeners) listener();
}

/** Other tabs save views, too. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/** The views of a page that this browser keeps, and how to keep and forget one. */
export function useSavedViews(page: string) {
  const text = useSyncExternalStore(subscribe, () => read(page));
  const views = useMemo(() => parseViews(text), [text]);
  return {
    views,
    save: (name: string, search: Search) =>
      write(page, withView(parseViews(read(page)), name, search)),
    forget: (name: string) => write(page, withoutView(parseViews(read(page)), name)),
  };
}

import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { WorkspaceName } from "~/api/session";
import { type PageDefinition, pathOf } from "~/app/page";
import { PAGES } from "~/app/registry";
import { useSession } from "~/app/session";
import { type Search, useSearchParams } from "~/url/state";

/** Where the slug of the workspace is kept that was last looked at, for as long as the tab is there. */
const PLACE = "tollgate.workspace";

const listeners = new Set<() => void>();
let unstored: string | null = null;

function remembered(): string | null {
  try {
    return sessionStorage.getItem(PLACE);
  } catch {
    // Storage is switched off.
    return unstored;
  }
}

function remember(slug: string | null): void {
  if (slug === remembered()) return;
  unstored = slug;
  try {
    if (slug === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, slug);
  } catch {
    // It holds until the page is left.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the address of a page has to say, so that it shows the workspace that is looked at. */
export function searchOf(page: PageDefinition): Search {
  const slug = remembered();
  return page.byWorkspace && slug !== null ? { workspace: slug } : {};
}

/** The same for a link, which is drawn anew when another workspace is chosen. */
export function useSearchOf(page: PageDefinition): Search {
  const slug = useSyncExternalStore(subscribe, remembered);
  return page.byWorkspace && slug !== null ? { workspace: slug } : {};
}

export interface Looked {
  /** Null is all of them. */
  workspace: WorkspaceName | null;
  choose: (slug: string | null) => void;
}

/**
 * The workspace that is looked at. On a page that can show one, the address says which; on others it
 * is the last one, and choosing leads to a page that shows it.
 */
export function useWorkspace(): Looked {
  const { workspaces } = useSession();
  const [{ workspace: written }, change] = useSearchParams();
  const navigate = useNavigate();
  const path = useRouterState({
    select: ({ matches }): string | undefined => matches.at(-1)?.fullPath,
  });
  const shows = PAGES.some((page) => page.byWorkspace && pathOf(page) === path);
  const kept = useSyncExternalStore(subscribe, remembered);
  const named = workspaces.find(({ slug, id }) => slug === written || id === written);
  const current = shows ? (named?.slug ?? null) : kept;
  useEffect(() => {
    // Before the first page is there, nothing is known.
    if (path !== undefined && shows) remember(current);
  }, [path, shows, current]);
  const choose = useCallback(
    (slug: string | null) => {
      remember(slug);
      if (shows) {
        change({ workspace: slug ?? undefined, open: undefined, pick: undefined }, true);
        return;
      }
      const page = PAGES.find(({ byWorkspace }) => byWorkspace);
      if (page)
        void navigate({ to: pathOf(page), search: slug === null ? {} : { workspace: slug } });
    },
    [shows, change, navigate],
  );
  return { workspace: workspaces.find(({ slug }) => slug === current) ?? null, choose };
}

import type { SignedIn } from "~/api/session";
import type { PageDefinition, PageGroup, PageRoute } from "./page";

/** Every page there is: a folder in `src/pages` with a `page.ts` is one. */
const modules = import.meta.glob<{ default: PageDefinition }>("../pages/*/page.ts", {
  eager: true,
});

export const PAGES: readonly PageDefinition[] = Object.values(modules)
  .map((module) => module.default)
  .sort((a, b) => (a.rail?.order ?? 0) - (b.rail?.order ?? 0));

export const GROUPS: readonly { name: PageGroup; label: string }[] = [
  { name: "use", label: "Use" },
  { name: "watch", label: "Watch" },
  { name: "control", label: "Control" },
  { name: "account", label: "Account" },
];

/** The pages that somebody may use, as far as their links lead. */
export function pagesFor(session: SignedIn): PageDefinition[] {
  return PAGES.filter((page) => mayReach(session, page, page.routes[0])).map((page) =>
    page.titleFor ? { ...page, title: page.titleFor(session) } : page,
  );
}

/** Whether somebody may come to a part of a page. */
export const mayReach = (session: SignedIn, page: PageDefinition, route: PageRoute): boolean =>
  (page.allowed?.(session) ?? true) && (route.allowed?.(session) ?? true);

/** The page one lands on: activity where it exists, else the first of the rail. */
export function homeOf(session: SignedIn): PageDefinition | null {
  const pages = pagesFor(session).filter((page) => page.rail);
  return pages.find((page) => page.routes[0].path === "/activity") ?? pages[0] ?? null;
}

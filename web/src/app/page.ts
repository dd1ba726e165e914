import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { SignedIn } from "~/api/session";

export type PageGroup = "use" | "watch" | "control" | "account";

export interface PageRoute {
  /** As TanStack Router writes it: `/logs`, `/logs/$id`. */
  path: string;
  load: () => Promise<{ default: () => ReactNode }>;
  /** Who of those that may use the page may come here; all of them where it doesn't say. */
  allowed?: (session: SignedIn) => boolean;
}

/**
 * A page of the dashboard. `src/pages/NAME/page.ts` exports one as default; nothing else names it.
 * The rail, the palette, `g` shortcuts and routes come from here.
 */
export interface PageDefinition {
  title: string;
  /** Another title, where what an installation does makes it one. */
  titleFor?: (session: SignedIn) => string;
  /** Where its link leads: the path of the first route. */
  routes: [PageRoute, ...PageRoute[]];
  /** Where it stands in the rail. Without it the page has routes, but no link. */
  rail?: { group: PageGroup; order: number; icon: LucideIcon };
  /** The letter that opens it after `g`. */
  letter?: string;
  /** Who needs it is led there: the palette has it nowhere. */
  unlisted?: boolean;
  /** More words by which the palette finds it. */
  words?: string;
  /** Whether it shows one workspace alone where the address says `workspace=`. */
  byWorkspace?: boolean;
  /** Who may use it; everybody where it doesn't say. Others neither see nor reach it. */
  allowed?: (session: SignedIn) => boolean;
}

export const definePage = (page: PageDefinition): PageDefinition => page;

export const pathOf = (page: PageDefinition): string => page.routes[0].path;

import { Search } from "lucide-react";
import { lazy, Suspense } from "react";
import { useSession } from "~/app/session";
import { Keys } from "~/keyboard/Keys";
import { Logo } from "./Logo";
import { Nav } from "./Nav";

// Menus are of no use before the page is there.
const PersonMenu = lazy(() =>
  import("./PersonMenu").then((module) => ({ default: module.PersonMenu })),
);

const WorkspaceMenu = lazy(() => import("./WorkspaceMenu"));

/** The rail at the left: 200 px, or icons below 1100 px. */
export function Rail({ onSearch }: { onSearch: () => void }) {
  const { installation, workspaces } = useSession();
  return (
    <header className="flex h-dvh w-13 shrink-0 flex-col border-r bg-sunken lg:w-50">
      <div className="flex h-14 items-center gap-2 px-4.5 lg:px-4">
        <Logo />
        <span className="truncate text-read font-semibold max-lg:sr-only">{installation.name}</span>
      </div>
      {workspaces.length > 1 && (
        <div className="px-2 pb-2">
          <Suspense fallback={<div className="h-8" />}>
            <WorkspaceMenu />
          </Suspense>
        </div>
      )}
      <div className="px-2 pb-3">
        <button
          type="button"
          onClick={onSearch}
          title="Search and act"
          className="flex h-8 w-full items-center gap-2.5 rounded-md border px-2 text-muted hover:border-line-strong hover:text-text max-lg:border-transparent"
        >
          <Search aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
          <span className="max-lg:sr-only">Search</span>
          <Keys keys="mod+k" className="ml-auto max-lg:hidden" />
        </button>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        <Nav />
      </div>
      <div className="border-t px-2 py-2">
        <Suspense fallback={<div className="h-8" />}>
          <PersonMenu />
        </Suspense>
        <p className="truncate px-2 pt-1 text-axis text-faint max-lg:hidden">
          Tollgate {installation.version}
        </p>
      </div>
    </header>
  );
}

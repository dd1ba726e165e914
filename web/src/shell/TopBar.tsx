import { Link } from "@tanstack/react-router";
import { Menu as MenuIcon, Search } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { type PageDefinition, pathOf } from "~/app/page";
import { pagesFor } from "~/app/registry";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Logo } from "./Logo";
import { useSearchOf } from "./workspace";

const PagesSheet = lazy(() => import("./PagesSheet"));
const WorkspaceMenu = lazy(() => import("./WorkspaceMenu"));

/** What somebody on the way looks at: how it goes, what happened, and a model to ask. */
const AT_HAND = ["/activity", "/logs", "/chat"];

/** The bar on top of narrow windows: three pages, search, and a sheet with all of them. */
export function TopBar({ onSearch }: { onSearch: () => void }) {
  const session = useSession();
  const { installation, workspaces } = session;
  const [open, setOpen] = useState(false);
  const pages = pagesFor(session);
  const atHand = AT_HAND.flatMap((path) => pages.find((page) => pathOf(page) === path) ?? []);
  return (
    <header className="flex h-12 shrink-0 items-center border-b bg-sunken px-2">
      <Button
        variant="quiet"
        aria-label="Pages"
        onClick={() => setOpen(true)}
        icon={<MenuIcon aria-hidden className="size-5" />}
      />
      {workspaces.length > 1 ? (
        <div className="min-w-0 flex-1">
          <Suspense fallback={<Name name={installation.name} />}>
            <WorkspaceMenu />
          </Suspense>
        </div>
      ) : (
        <Name name={installation.name} />
      )}
      <nav aria-label="At hand" className="flex">
        {atHand.map((page) => (
          <IconLink key={page.title} page={page} />
        ))}
      </nav>
      <Button
        variant="quiet"
        aria-label="Search and act"
        onClick={onSearch}
        icon={<Search aria-hidden className="size-5" />}
      />
      <Suspense>{open && <PagesSheet onClose={() => setOpen(false)} />}</Suspense>
    </header>
  );
}

function Name({ name }: { name: string }) {
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1.5">
      <Logo />
      <span className="truncate text-read font-semibold">{name}</span>
    </span>
  );
}

function IconLink({ page }: { page: PageDefinition }) {
  const Icon = page.rail?.icon;
  const search = useSearchOf(page);
  return (
    <Link
      to={pathOf(page)}
      search={search}
      aria-label={page.title}
      title={page.title}
      activeOptions={{ includeSearch: false }}
      className="grid size-8 place-items-center rounded-md text-muted hover:text-text data-[status=active]:text-accent pointer-coarse:size-11"
    >
      {Icon && <Icon aria-hidden className="size-5" strokeWidth={1.75} />}
    </Link>
  );
}

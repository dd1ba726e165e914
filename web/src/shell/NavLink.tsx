import { Link } from "@tanstack/react-router";
import { type PageDefinition, pathOf } from "~/app/page";
import { useSearchOf } from "./workspace";

/** A page's link in the rail. Below 1100 px it is its icon, with the title for who listens. */
export function NavLink({ page, onClick }: { page: PageDefinition; onClick?: () => void }) {
  const Icon = page.rail?.icon;
  const search = useSearchOf(page);
  return (
    <Link
      to={pathOf(page)}
      search={search}
      {...(onClick ? { onClick } : {})}
      title={page.title}
      activeOptions={{ exact: false, includeSearch: false }}
      className="group flex h-8 items-center gap-2.5 rounded-md px-2 text-muted hover:bg-hover hover:text-text data-[status=active]:bg-hover data-[status=active]:font-medium data-[status=active]:text-text pointer-coarse:h-11"
    >
      {Icon && (
        <Icon
          aria-hidden
          className="size-4 shrink-0 group-data-[status=active]:text-accent"
          strokeWidth={1.75}
        />
      )}
      <span className="truncate max-lg:sr-only max-md:not-sr-only">{page.title}</span>
    </Link>
  );
}

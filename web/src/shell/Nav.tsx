import { GROUPS, pagesFor } from "~/app/registry";
import { useSession } from "~/app/session";
import { NavLink } from "./NavLink";

/** The pages that exist and that one may use, by group. */
export function Nav({ onChoose }: { onChoose?: () => void }) {
  const pages = pagesFor(useSession());
  return (
    <nav aria-label="Pages" className="flex flex-col gap-4">
      {GROUPS.map(({ name, label }) => {
        const members = pages.filter((page) => page.rail?.group === name);
        if (members.length === 0) return null;
        return (
          <div key={name}>
            <p className="mb-1 px-2 text-axis text-faint max-lg:sr-only max-md:not-sr-only">
              {label}
            </p>
            <ul className="flex flex-col gap-px">
              {members.map((page) => (
                <li key={page.title}>
                  <NavLink page={page} {...(onChoose ? { onClick: onChoose } : {})} />
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

import { useSession } from "~/app/session";
import { classes } from "~/components/classes";
import { AREAS, type Level, PERMISSIONS, READ_ONLY, ROLES } from "./roles";

const WORDS: Record<Level, string> = { none: "–", read: "Looks", write: "Changes" };

/** Which role may do what; one's own is marked, and as the session tells it. */
export function Matrix() {
  const { user, permissions } = useSession();
  return (
    <div className="max-w-240">
      <section
        className="relative overflow-x-auto"
        aria-label="Permissions"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
      >
        <table className="w-full min-w-150 border-collapse">
          <thead>
            <tr className="border-b text-left text-label text-muted">
              <th scope="col" className="h-8 pr-4 font-normal">
                Area
              </th>
              {ROLES.map(({ value, label }) => (
                <th
                  key={value}
                  scope="col"
                  className={classes(
                    "w-24 px-2 font-normal",
                    value === user.access && "bg-accent-soft font-medium text-text",
                  )}
                >
                  {label}
                  {value === user.access && ", you"}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {AREAS.map(({ area, label, what }) => (
              <tr key={area} className="border-b">
                <th scope="row" className="py-1.5 pr-4 text-left font-normal">
                  {label} <span className="block text-label text-muted">{what}</span>
                </th>
                {ROLES.map(({ value }) => {
                  const told = value === user.access ? permissions[area] : PERMISSIONS[value][area];
                  const level = told === "write" && READ_ONLY.has(area) ? "read" : told;
                  return (
                    <td
                      key={value}
                      className={classes(
                        "px-2",
                        level === "none" && "text-muted",
                        level === "write" && "font-medium",
                        value === user.access && "bg-accent-soft",
                      )}
                    >
                      {level === "none" && <span className="sr-only">Nothing</span>}
                      <span aria-hidden={level === "none" || undefined}>{WORDS[level]}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <ul className="mt-4 max-w-[68ch] list-disc pl-5 text-muted">
        <li>
          Members reach their own workspaces only: there they make keys of their own, and as admins
          of a workspace change all its keys, its budgets and its members.
        </li>
        <li>Admins change everything but owners. Only owners make owners.</li>
        <li>Nobody changes a management key of somebody who may do more.</li>
      </ul>
    </div>
  );
}

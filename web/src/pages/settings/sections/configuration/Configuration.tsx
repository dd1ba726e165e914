import { Link } from "@tanstack/react-router";
import { may } from "~/api/session";
import { mayReach, PAGES } from "~/app/registry";
import { useSession } from "~/app/session";
import { CopyField } from "~/components/CopyField";
import { Section } from "~/components/Page";
import { InForce } from "./InForce";
import { HERE, PLACES, THERE } from "./places";

const CHECK = "tollgate config check tollgate.toml";

/** Where settings come from, which ones are changed here, and where the others are. */
export default function Configuration() {
  const session = useSession();
  const reached = (path: string) =>
    path.startsWith("/settings") ||
    PAGES.some((page) =>
      page.routes.some((route) => route.path === path && mayReach(session, page, route)),
    );
  return (
    <>
      <Section title="Where a setting comes from">
        <ol className="mb-3 list-decimal pl-5">
          {PLACES.map((place) => (
            <li key={place}>{place}</li>
          ))}
        </ol>
        <p className="mb-2 text-muted">
          The first that says something wins. A file is looked at before it counts:
        </p>
        <CopyField label="Command that checks a file" labelled={false} value={CHECK} />
      </Section>
      {may(session, "audit") && <InForce />}
      <Section title="Changed here" hint="kept in the database, in force at once">
        <ul>
          {HERE.map(({ what, path, hint }) => (
            <li key={what} className="flex min-h-8 flex-wrap items-center gap-x-4 border-b py-1">
              {reached(path) ? (
                <Link to={path} className="text-accent hover:underline">
                  {what}
                </Link>
              ) : (
                <span>{what}</span>
              )}
              {hint && <span className="text-muted">{hint}</span>}
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Changed in the file" hint="not here">
        <dl>
          {THERE.map(({ what, table }) => (
            <div
              key={table}
              className="grid min-h-8 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 border-b py-1"
            >
              <dt>{what}</dt>
              <dd>
                <code className="font-mono text-label text-muted">{table}</code>
              </dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  );
}

import { ListFilter } from "lucide-react";
import type { Generation } from "~/api/generation";
import type { LogRow } from "~/api/logs";
import { useSession } from "~/app/session";
import { CopyField } from "~/components/CopyField";
import { CallLink } from "~/components/explained/Explained";
import { type Fact, Facts } from "~/components/Facts";
import type { FilterBy } from "../view";
import { keyWords } from "../words";

interface MetadataProps {
  record: Generation;
  /** It names the key, which the record does not. */
  row: LogRow | undefined;
  filterBy: FilterBy;
}

/** Who called, and how. A click on a value looks at all calls that have it. */
export function Metadata({ record, row, filterBy }: MetadataProps) {
  const { workspaces } = useSession();
  const workspace = workspaces.find(({ id }) => id === record.workspace_id);
  const slug = row?.provider_slug ?? record.provider_responses.at(-1)?.endpoint_id.split("/")[0];
  const handle = (field: string, value: string | null | undefined, shown = value) =>
    value ? (
      <Handle field={field} value={value} shown={shown ?? value} filterBy={filterBy} />
    ) : null;
  const provider = handle("provider", slug, record.provider_name ?? slug);
  const status = record.error ? handle("status", String(record.error.status)) : null;
  const facts: (Fact | null)[] = [
    fact("Model", handle("model", record.model)),
    record.requested_model === record.model ? null : ["Asked for", record.requested_model],
    fact("Provider", provider),
    fact("Error", status),
    row ? fact("Key", handle("key", row.key_hash, keyWords(row))) : null,
    fact("User", handle("user", record.external_user)),
    fact("App", handle("app", row?.app ?? record.app_title)),
    fact("Workspace", handle("workspace", record.workspace_id, workspace?.name)),
    fact("Session", handle("session", record.session_id)),
    fact("Preset", handle("preset", record.preset_id)),
    fact("API", handle("api", record.api_type)),
    fact("Streamed", handle("streamed", String(record.streamed), record.streamed ? "yes" : "no")),
    fact("Own key", handle("byok", String(record.is_byok), record.is_byok ? "yes" : "no")),
    ...Object.entries(record.tags).map(([name, value]) => fact(name, handle(`tag.${name}`, value))),
    told(record),
    text("Finished by", finished(record)),
    text("Router", record.router),
    text("Service tier", record.service_tier),
    text("Region", record.data_region),
    text("Referer", record.http_referer),
    text("Client", record.user_agent),
    id("Request id", record.request_id),
    id("Provider's id", record.upstream_id),
    dropped(record),
  ];
  return (
    <>
      <Facts facts={facts} />
      {!row && (
        <p className="pt-2 text-muted">
          This call is not in the list beside. <CallLink id={record.id}>Show it there</CallLink>
        </p>
      )}
    </>
  );
}

const fact = (label: string, value: Fact[1]): Fact | null => (value ? [label, value] : null);
const text = (label: string, value: string | null): Fact | null => (value ? [label, value] : null);
const id = (label: string, value: string | null): Fact | null =>
  value ? [label, <CopyField key={label} label={label} value={value} labelled={false} />] : null;

/** The call whose answer was told again, where nobody was asked. */
function told({ response_cache_source_id: source }: Generation): Fact | null {
  return source ? ["Kept answer of", <CallLink key="source" id={source} />] : null;
}

function finished({ finish_reason, native_finish_reason }: Generation): string | null {
  if (!finish_reason || !native_finish_reason || finish_reason === native_finish_reason) {
    return finish_reason;
  }
  return `${finish_reason} (${native_finish_reason} there)`;
}

/** What of the request no provider on the way had a word for. */
function dropped({ provider_responses }: Generation): Fact | null {
  const names = new Set(provider_responses.flatMap((attempt) => attempt.dropped ?? []));
  return names.size > 0 ? ["Not passed on", [...names].join(", ")] : null;
}

interface HandleProps {
  field: string;
  value: string;
  shown: string;
  filterBy: FilterBy;
}

function Handle({ field, value, shown, filterBy }: HandleProps) {
  return (
    <button
      type="button"
      title="Filter by this. Alt leaves it out."
      aria-label={`Filter by ${shown}`}
      onClick={(event) => filterBy(field, value, event.altKey)}
      className="group inline-flex min-h-6 max-w-full items-center gap-1.5 text-left hover:text-accent pointer-coarse:min-h-11"
    >
      <span className="min-w-0 break-words underline decoration-line-strong decoration-dotted underline-offset-4 group-hover:decoration-accent">
        {shown}
      </span>
      <ListFilter
        aria-hidden
        className="size-3.5 shrink-0 text-muted opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100 pointer-coarse:opacity-100"
      />
    </button>
  );
}

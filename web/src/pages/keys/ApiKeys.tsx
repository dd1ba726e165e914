import { useMemo, useRef, useState } from "react";
import type { SignedIn, WorkspaceName } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { KEY_STATES } from "~/components/limits/limits";
import { Select } from "~/components/Select";
import { Sparkline } from "~/components/Sparkline";
import { whole } from "~/format";
import { useShortcuts } from "~/keyboard/shortcuts";
import { oneOf, text, useUrlState } from "~/url/state";
import { DeleteDialog } from "./DeleteDialog";
import { KeyLimit } from "./KeyLimit";
import { KeyMenu } from "./KeyMenu";
import { KeySheet } from "./KeySheet";
import { KeyStatus, STATE_LABELS } from "./KeyStatus";
import { LastUse } from "./LastUse";
import { mayChange } from "./may-change";
import { requestWords } from "./queries";
import { RotateDialog } from "./RotateDialog";
import type { NewSecret } from "./SecretDialog";
import { useKeyActs } from "./use-key-acts";
import { type ListedKey, useListedKeys } from "./use-listed-keys";

const SHOWN = ["", ...KEY_STATES, "unused"] as const;
const STATE = oneOf(SHOWN, "");
const QUERY = text("");

export interface ApiKeysProps {
  workspace: WorkspaceName | null;
  onWorkspace: (slug: string) => void;
  open: string | null;
  onOpen: (hash: string | null) => void;
  onCreate: (() => void) | null;
  onSecret: (secret: NewSecret) => void;
}

/** An act that has to be confirmed, and the key that it is about. */
type Asked = { act: "rotate" | "delete"; key: ListedKey } | null;

export function ApiKeys(props: ApiKeysProps) {
  const { workspace, open, onOpen, onCreate, onSecret } = props;
  const { list, keys, describe, now } = useListedKeys(workspace?.id ?? null);
  const [state, setState] = useUrlState("state", STATE);
  const [query, setQuery] = useUrlState("q", QUERY);
  const [asked, setAsked] = useState<Asked>(null);
  const acts = useKeyActs();
  const session = useSession();
  const rows = useMemo(
    () => keys.filter((key) => inState(key, state) && named(key, query)),
    [keys, state, query],
  );
  const several = session.workspaces.length > 1;
  const columns = useMemo(
    () => columnsOf({ now, several, session, acts, ask: setAsked }),
    [now, several, session, acts],
  );
  if (list.error && !list.data) {
    const retry = () => void list.refetch();
    return <ErrorPanel what="The keys can't be read" error={list.error} onRetry={retry} />;
  }
  return (
    <>
      <Bar {...props} state={state} onState={setState} query={query} onQuery={setQuery} />
      {acts.refused && <ErrorPanel what={acts.refused.what} error={acts.refused.error} />}
      <DataTable
        label="API keys"
        rows={rows}
        columns={columns}
        rowKey={hashOf}
        openKey={open}
        onOpen={onOpen}
        loading={list.isPending}
        refreshing={list.isFetching}
        onEnd={() => {
          if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
        }}
        empty={
          keys.length > 0 ? (
            <EmptyState
              title="No keys match"
              onClear={() => {
                setState("");
                setQuery("");
              }}
            >
              {list.hasNextPage &&
                `Of the ${whole(keys.length)} newest, which were looked through.`}
            </EmptyState>
          ) : (
            <NoKeys onCreate={onCreate} />
          )
        }
      />
      {list.hasNextPage && (
        <p className="flex items-center gap-3 pt-2 text-muted">
          The newest {whole(keys.length)} keys.
          <Button
            size="sm"
            busy={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Load more
          </Button>
        </p>
      )}
      {open && (
        <KeySheet
          hash={open}
          listed={keys.find(({ record }) => record.hash === open) ?? null}
          describe={describe}
          now={now}
          acts={acts}
          onAsk={(act, key) => setAsked({ act, key })}
          onClose={() => onOpen(null)}
        />
      )}
      {asked?.act === "rotate" && (
        <RotateDialog
          record={asked.key.record}
          onClose={() => setAsked(null)}
          onRotated={(secret) => {
            setAsked(null);
            // The key's hash is that of its new secret.
            if (open) onOpen(secret.hash);
            onSecret(secret);
            acts.refresh();
          }}
        />
      )}
      {asked?.act === "delete" && (
        <DeleteDialog
          listed={asked.key}
          onClose={() => setAsked(null)}
          onDeleted={() => {
            setAsked(null);
            if (open) onOpen(null);
            acts.refresh();
          }}
        />
      )}
    </>
  );
}

const hashOf = ({ record }: ListedKey) => record.hash;

function inState(key: ListedKey, wanted: (typeof SHOWN)[number]): boolean {
  if (wanted === "") return true;
  if (wanted === "unused") return key.useKnown && key.use === null;
  return key.state === wanted;
}

function named({ record, workspace }: ListedKey, query: string): boolean {
  const words = `${record.name} ${record.label} ${workspace} ${record.hash}`.toLowerCase();
  return words.includes(query.trim().toLowerCase());
}

interface Shared {
  now: Date;
  several: boolean;
  session: SignedIn;
  acts: ReturnType<typeof useKeyActs>;
  ask: (asked: Asked) => void;
}

function columnsOf({ now, several, session, acts, ask }: Shared): Column<ListedKey>[] {
  const columns: Column<ListedKey>[] = [
    {
      id: "name",
      header: "Name",
      width: 112,
      grow: 1,
      rank: 0,
      cell: ({ record }) => <span className="font-medium">{record.name}</span>,
    },
    {
      id: "label",
      header: "Secret",
      width: 136,
      rank: 4,
      cell: ({ record }) => <code className="font-mono text-label text-muted">{record.label}</code>,
    },
    {
      id: "workspace",
      header: "Workspace",
      width: 104,
      rank: 3,
      cell: ({ workspace }) => workspace,
    },
    {
      id: "limit",
      header: "Spent of the limit that binds",
      width: 296,
      grow: 4,
      rank: 1,
      cell: ({ record, bound }) => <KeyLimit bound={bound} spent={record.usage} />,
    },
    {
      id: "used",
      header: "Last used",
      width: 84,
      rank: 2,
      cell: (key) => <LastUse listed={key} now={now} />,
    },
    {
      id: "course",
      header: "7 days",
      width: 64,
      rank: 5,
      cell: ({ use }) =>
        use && use.requests > 0 ? (
          <Sparkline
            values={use.course}
            label={`${requestWords(use.requests)} in the last 7 days`}
          />
        ) : (
          "–"
        ),
    },
    {
      id: "state",
      header: "State",
      width: 96,
      rank: 0,
      cell: ({ record, state }) => <KeyStatus record={record} state={state} now={now} />,
    },
    {
      id: "acts",
      header: "More",
      width: 36,
      rank: 0,
      cell: (key) =>
        mayChange(session, key.record) && (
          <KeyMenu listed={key} acts={acts} onAsk={(act) => ask({ act, key })} />
        ),
    },
  ];
  return columns.filter(({ id }) => several || id !== "workspace");
}

interface BarProps extends ApiKeysProps {
  state: (typeof SHOWN)[number];
  onState: (state: (typeof SHOWN)[number]) => void;
  query: string;
  onQuery: (query: string) => void;
}

function Bar({ workspace, onWorkspace, state, onState, query, onQuery }: BarProps) {
  const session = useSession();
  const input = useRef<HTMLInputElement>(null);
  useShortcuts([
    { keys: "/", label: "Find a key", group: "Filters", run: () => input.current?.focus() },
  ]);
  return (
    <div className="flex flex-wrap gap-2 pb-2">
      <input
        ref={input}
        type="search"
        aria-label="Find a key"
        placeholder="Name or secret"
        value={query}
        onChange={(event) => onQuery(event.target.value)}
        className={`${CONTROL} max-w-72 min-w-40 flex-1`}
      />
      <div className="w-40">
        <Select
          label="State"
          value={state}
          onChange={onState}
          options={[
            { value: "", label: "Any state" },
            ...KEY_STATES.map((one) => ({ value: one, label: STATE_LABELS[one] })),
            { value: "unused", label: "Unused for 30 days" },
          ]}
        />
      </div>
      {session.workspaces.length > 1 && (
        <div className="w-44">
          <Select
            label="Workspace"
            value={workspace?.slug ?? ""}
            onChange={onWorkspace}
            options={[
              ...(session.everywhere ? [{ value: "", label: "All workspaces" }] : []),
              ...session.workspaces.map(({ slug, name }) => ({ value: slug, label: name })),
            ]}
          />
        </div>
      )}
    </div>
  );
}

function NoKeys({ onCreate }: { onCreate: (() => void) | null }) {
  return (
    <EmptyState
      title="No keys yet"
      action={
        onCreate && (
          <Button variant="primary" onClick={onCreate}>
            Create the first key
          </Button>
        )
      }
    >
      A key lets an app call models, up to a limit that you set. Give each app its own, so that you
      see what it spends and can stop it alone.
    </EmptyState>
  );
}

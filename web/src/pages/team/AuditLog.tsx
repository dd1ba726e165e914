import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, client } from "~/api/client";
import type { AuditEntry } from "~/api/organisation";
import { Button } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { CONTROL } from "~/components/Field";
import { JsonTree } from "~/components/JsonTree";
import { Select } from "~/components/Select";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { whole } from "~/format";
import { oneOf, text, useOpen, useSearchParams, useUrlState } from "~/url/state";
import { matches, OUTCOMES, type OutcomeFilter, outcomeOf } from "./audit";

const PAGE = 200;

const auditQuery = infiniteQueryOptions({
  queryKey: ["audit"],
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) => {
    const query = { limit: PAGE, ...(pageParam ? { before: pageParam } : {}) };
    return answer(client.GET("/api/v1/audit", { params: { query }, signal }));
  },
  getNextPageParam: (page) => page.next,
});

const COLUMNS: readonly Column<AuditEntry>[] = [
  {
    id: "at",
    header: "Time",
    width: 150,
    rank: 1,
    cell: ({ at }) => (
      <span className="font-mono text-label">
        <Time at={at} />
      </span>
    ),
  },
  {
    id: "actor",
    header: "Who",
    width: 130,
    grow: 2,
    rank: 2,
    cell: ({ actor }) => actor,
  },
  {
    id: "action",
    header: "What",
    width: 150,
    grow: 3,
    rank: 0,
    cell: ({ action }) => <code className="font-mono text-label">{action}</code>,
  },
  {
    id: "target",
    header: "Of what",
    width: 140,
    grow: 3,
    rank: 4,
    cell: ({ target }) => <code className="font-mono text-label text-muted">{target}</code>,
  },
  {
    id: "outcome",
    header: "Outcome",
    width: 110,
    rank: 0,
    cell: (entry) => <Outcome entry={entry} />,
  },
];

const keyOf = ({ id }: AuditEntry) => id;
const WHO = text();
const ACT = text();
const OUTCOME = oneOf<OutcomeFilter>(
  OUTCOMES.map(({ value }) => value),
  "all",
);

function Outcome({ entry }: { entry: AuditEntry }) {
  const { tone, words } = outcomeOf(entry.outcome);
  return <Status tone={tone}>{words}</Status>;
}

/** What was done, by whom, and how it was answered. Filters hold for what has been loaded. */
export function AuditLog() {
  const [open, setOpen] = useOpen();
  const [who, setWho] = useUrlState("who", WHO);
  const [act, setAct] = useUrlState("act", ACT);
  const [outcome, setOutcome] = useUrlState("outcome", OUTCOME);
  const [, change] = useSearchParams();
  const { data, error, isPending, isFetching, hasNextPage, fetchNextPage, refetch } =
    useInfiniteQuery(auditQuery);
  const all = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  const rows = useMemo(
    () => all.filter((entry) => matches(entry, { who, act, outcome })),
    [all, who, act, outcome],
  );
  const filtered = who !== "" || act !== "" || outcome !== "all";
  const opened = all.find(({ id }) => id === open);
  if (error && !data) {
    return <ErrorPanel what="The log can't be read" error={error} onRetry={() => void refetch()} />;
  }
  const more = () => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  };
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <input
          type="search"
          aria-label="Who"
          placeholder="Who"
          value={who}
          onChange={(event) => setWho(event.target.value)}
          className={`${CONTROL} max-w-56`}
        />
        <input
          type="search"
          aria-label="What"
          placeholder="What, such as keys or DELETE"
          value={act}
          onChange={(event) => setAct(event.target.value)}
          className={`${CONTROL} max-w-64`}
        />
        <Select
          label="Outcome"
          options={OUTCOMES}
          value={outcome}
          onChange={setOutcome}
          className="max-w-48"
        />
        {data && (
          <span className="text-muted">
            {filtered
              ? `${whole(rows.length)} of the newest ${whole(all.length)}`
              : `The newest ${whole(all.length)}`}
          </span>
        )}
        {filtered && hasNextPage && (
          <Button size="sm" busy={isFetching} onClick={more}>
            Look further back
          </Button>
        )}
      </div>
      <DataTable
        label="Audit log"
        rows={rows}
        columns={COLUMNS}
        rowKey={keyOf}
        openKey={open}
        onOpen={setOpen}
        loading={isPending}
        refreshing={isFetching && !isPending}
        {...(filtered ? {} : { onEnd: more })}
        empty={
          filtered ? (
            <EmptyState
              title="No act matches"
              onClear={() => change({ who: undefined, act: undefined, outcome: undefined })}
            >
              None of the newest {whole(all.length)} does.
            </EmptyState>
          ) : (
            <EmptyState title="Nothing was done yet">
              Who makes a key, changes a budget or asks somebody in is entered here, before it is
              done, and so is what was refused.
            </EmptyState>
          )
        }
      />
      <Sheet
        open={opened !== undefined}
        onClose={() => setOpen(null)}
        title={opened?.action ?? ""}
        subtitle={opened && <Time at={opened.at} />}
      >
        {opened && <Entry entry={opened} />}
      </Sheet>
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const copied = (label: string, value: string) =>
    [label, <CopyField key={label} label={label} value={value} labelled={false} />] as const;
  return (
    <>
      <Facts
        facts={[
          ["Who", entry.actor],
          [
            "Of what",
            <code key="of" className="font-mono text-label">
              {entry.target}
            </code>,
          ],
          ["Outcome", <Outcome key="outcome" entry={entry} />],
          entry.user_id ? copied("Person", entry.user_id) : null,
          entry.key_hash ? copied("With key", entry.key_hash) : null,
          copied("Entry", entry.id),
        ]}
      />
      {entry.details != null && (
        <div className="mt-5">
          <h3 className="mb-2 font-medium">What was asked for, without secrets</h3>
          <JsonTree label="What was asked for" value={entry.details} />
        </div>
      )}
    </>
  );
}

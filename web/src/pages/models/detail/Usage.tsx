import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { type UsageRow, usageQuery } from "~/api/analytics";
import type { Model } from "~/api/catalogue";
import { keyNamesQuery } from "~/api/keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { numberOf } from "~/components/usage/series";
import { percent, quantity, whole } from "~/format";
import { CALLS_MIN } from "../use";
import { usageByKey, usageInAll } from "./measured";

/** So many keys are named. */
const KEYS_SHOWN = 10;
const RANGE = "30d";

/** What our own calls of a model came to in 30 days, and whose they were. */
export function Usage({ model }: { model: Model }) {
  const session = useSession();
  const [now] = useState(() => new Date());
  const id = model.alias_target?.slug ?? model.id;
  const question = useMemo(() => usageByKey(id, now), [id, now]);
  const inAll = useMemo(() => usageInAll(id, now), [id, now]);
  const keys = useQuery(usageQuery(question));
  const all = useQuery(usageQuery(inAll));
  const names = useQuery({ ...keyNamesQuery(session), enabled: may(session, "own_keys") });
  const columns = useMemo(() => columnsOf(id, (hash) => names.data?.get(hash)), [id, names.data]);
  const error = all.error ?? keys.error;
  if (error && !(all.data && keys.data)) {
    const retry = () => void Promise.all([all.refetch(), keys.refetch()]);
    return <ErrorPanel what="The usage can't be read" error={error} onRetry={retry} />;
  }
  if (!all.data || !keys.data) return <Loading label="Usage" rows={6} />;
  const sums = all.data.rows[0];
  const calls = numberOf(sums, "requests") ?? 0;
  if (!sums || calls === 0) {
    return (
      <EmptyState title="Nobody called this model in the last 30 days">
        What it cost, how often it was called and by which keys will stand here.
      </EmptyState>
    );
  }
  return (
    <div className="pb-6">
      <div className="flex flex-wrap items-start gap-x-10 gap-y-3 pb-6">
        <Figures sums={sums} id={id} calls={calls} />
        <span className="ml-auto" />
        <ApiCall
          method="POST"
          path="/analytics/query"
          body={inAll}
          and={{ method: "POST", path: "/analytics/query", body: question }}
        />
      </div>
      <h2 className="pb-1 font-medium">Keys that spent most</h2>
      <DataTable
        label="Keys"
        rows={keys.data.rows.slice(0, KEYS_SHOWN)}
        columns={columns}
        rowKey={(row) => String(row.api_key)}
        height="content"
      />
      {keys.data.rows.length > KEYS_SHOWN && (
        <p className="pt-2 text-muted">
          {whole(KEYS_SHOWN)} of {whole(keys.data.rows.length)}
          {keys.data.truncated && " and more"}.{" "}
          <Link
            to="/activity"
            search={{ model: id, range: RANGE, group: "api_key" }}
            className="underline"
          >
            All in Activity
          </Link>
        </p>
      )}
    </div>
  );
}

/** Each number leads to the rows behind it. */
function Figures({ sums, id, calls }: { sums: UsageRow; id: string; calls: number }) {
  const failed = numberOf(sums, "failed") ?? 0;
  const of = { model: id, range: RANGE };
  const figures: [string, ReactNode, string, Record<string, string>][] = [
    ["Spend, 30 days", <Money key="spend" dollars={sums.usage} as="total" />, "/activity", of],
    ["Requests", whole(calls), "/logs", of],
    [
      "Error rate",
      calls < CALLS_MIN
        ? `${whole(failed)} of ${whole(calls)}: too few`
        : percent(numberOf(sums, "error_rate")),
      "/logs",
      { ...of, status: "error" },
    ],
    [
      "Tokens",
      quantity(numberOf(sums, "total_tokens")),
      "/activity",
      { ...of, metric: "total_tokens" },
    ],
  ];
  return (
    <dl className="flex flex-wrap gap-x-10 gap-y-3">
      {figures.map(([name, value, to, search]) => (
        <div key={name}>
          <dt className="text-label text-muted">{name}</dt>
          <dd className="text-figure font-medium">
            <Link to={to} search={search} className="hover:underline">
              {value}
            </Link>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function columnsOf(id: string, nameOf: (hash: string) => string | undefined): Column<UsageRow>[] {
  const hashOf = (row: UsageRow) => String(row.api_key ?? "");
  return [
    {
      id: "key",
      header: "Key",
      width: 120,
      grow: 2,
      rank: 0,
      cell: (row) => {
        const hash = hashOf(row);
        if (hash === "") return "No key";
        return (
          <Link to="/keys" search={{ open: hash }} className="text-accent hover:underline">
            {nameOf(hash) ?? `${hash.slice(0, 8)}…`}
          </Link>
        );
      },
    },
    {
      id: "spend",
      header: "Spend",
      width: 88,
      align: "right",
      rank: 0,
      cell: (row) => (
        <Link
          to="/activity"
          search={{ model: id, key: hashOf(row), range: RANGE }}
          className="hover:underline"
        >
          <Money dollars={row.usage} as="total" />
        </Link>
      ),
    },
    {
      id: "requests",
      header: "Requests",
      width: 80,
      align: "right",
      rank: 0,
      cell: (row) => (
        <Link
          to="/logs"
          search={{ model: id, key: hashOf(row), range: RANGE }}
          className="hover:underline"
        >
          {whole(numberOf(row, "requests"))}
        </Link>
      ),
    },
    {
      id: "errors",
      header: "Error rate",
      width: 88,
      align: "right",
      rank: 1,
      cell: (row) =>
        (numberOf(row, "requests") ?? 0) < CALLS_MIN ? (
          <span className="text-muted">too few</span>
        ) : (
          percent(numberOf(row, "error_rate"))
        ),
    },
  ];
}

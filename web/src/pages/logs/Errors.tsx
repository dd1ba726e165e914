import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type LogErrorGroup, logErrorsQuery } from "~/api/logs";
import { Before } from "~/components/Before";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Time } from "~/components/Time";
import { UNKNOWN, whole } from "~/format";
import { countTerms } from "~/url/filters";
import type { View } from "./view";
import { keyWords } from "./words";

const keyOf = (group: LogErrorGroup) =>
  [group.provider_slug, group.status, group.error_type, group.message].join("\n");

function Keys({ group }: { group: LogErrorGroup }) {
  const names = group.keys.map(keyWords);
  const more = group.keys_total - names.length;
  const words = names.join(", ") + (more > 0 ? ` and ${whole(more)} more` : "");
  return <span title={words}>{words}</span>;
}

const COLUMNS: readonly Column<LogErrorGroup>[] = [
  {
    id: "count",
    header: "Calls",
    width: 56,
    align: "right",
    rank: 0,
    cell: ({ count }) => <span className="font-medium">{whole(count)}</span>,
  },
  {
    id: "status",
    header: "Status",
    width: 48,
    rank: 0,
    cell: ({ status }) => <span className="font-mono text-label text-bad">{status}</span>,
  },
  {
    id: "provider",
    header: "Provider",
    width: 80,
    grow: 1,
    rank: 3,
    cell: ({ provider }) => provider ?? UNKNOWN,
  },
  {
    id: "message",
    header: "What callers were told",
    width: 140,
    grow: 5,
    rank: 0,
    cell: ({ message }) => <span title={message}>{message}</span>,
  },
  {
    id: "type",
    header: "Kind",
    width: 140,
    grow: 1,
    rank: 6,
    cell: ({ error_type }) => <span className="text-muted">{error_type.replaceAll("_", " ")}</span>,
  },
  {
    id: "keys",
    header: "Keys",
    width: 88,
    grow: 1,
    rank: 5,
    cell: (group) => <Keys group={group} />,
  },
  {
    id: "first",
    header: "First",
    width: 84,
    align: "right",
    rank: 4,
    cell: ({ first_at }) => <Time at={first_at} relative />,
  },
  {
    id: "last",
    header: "Last",
    width: 84,
    align: "right",
    rank: 2,
    cell: ({ last_at }) => <Time at={last_at} relative />,
  },
];

/** Failed calls, in groups of the same provider, status and message. A row leads to its calls. */
export function Errors({ view }: { view: View }) {
  const { data, error, isPending, isFetching, isPlaceholderData, fetchStatus, refetch } = useQuery(
    logErrorsQuery(view.query),
  );
  const groups = useMemo(
    () => [...(data?.data ?? [])].sort((one, other) => other.count - one.count),
    [data],
  );
  if (error && !data) {
    return <ErrorPanel what="Errors can't be read" error={error} onRetry={() => void refetch()} />;
  }
  const show = (key: string | null) => {
    const group = groups.find((one) => keyOf(one) === key);
    if (!group) return;
    const { status, provider_slug } = group;
    view.showErrors({
      status: String(status),
      ...(provider_slug ? { provider: provider_slug } : {}),
    });
  };
  return (
    <Before old={isPlaceholderData} paused={fetchStatus === "paused"}>
      {data?.coverage.since && (
        <p className="pb-2 text-muted">
          Of the newest 20,000 records, since <Time at={data.coverage.since} />.
        </p>
      )}
      <DataTable
        label="Errors"
        rows={groups}
        columns={COLUMNS}
        rowKey={keyOf}
        onOpen={show}
        loading={isPending}
        refreshing={isFetching}
        empty={<NoErrors view={view} />}
      />
    </Before>
  );
}

function NoErrors({ view }: { view: View }) {
  if (countTerms(view.filters) > 0) {
    return (
      <EmptyState title="No errors match" onClear={() => view.setFilters({})}>
        Calls that match these filters went well in this range.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No errors in this range">
      Calls that nobody could answer are grouped here, by provider, status and what callers were
      told.
    </EmptyState>
  );
}

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/components/Button";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel, messageOf } from "~/components/ErrorPanel";
import { JsonTree } from "~/components/JsonTree";
import { Sheet } from "~/components/Sheet";
import { Time } from "~/components/Time";
import { whole } from "~/format";
import { useOpen } from "~/url/state";
import { type Policy, policyQuery, versionsQuery } from "./queries";

const COLUMNS: readonly Column<Policy>[] = [
  { id: "version", header: "Version", width: 70, rank: 0, cell: ({ version }) => version },
  {
    id: "at",
    header: "Saved",
    width: 150,
    rank: 1,
    cell: ({ created_at }) => <Time at={created_at} />,
  },
  { id: "note", header: "Note", width: 120, grow: 3, rank: 0, cell: ({ note }) => note },
  {
    id: "author",
    header: "With key",
    width: 150,
    rank: 3,
    cell: ({ author }) => <code className="font-mono text-label text-muted">{author}</code>,
  },
  {
    id: "rules",
    header: "Rules",
    width: 60,
    rank: 2,
    align: "right",
    cell: ({ rules }) => whole(rules.length),
  },
];

const keyOf = ({ version }: Policy) => String(version);

/** Every version of the rules. One that is restored is put in force as a new one. */
export function Versions({ writes }: { writes: boolean }) {
  const [open, setOpen] = useOpen();
  const queries = useQueryClient();
  const { data, error, isPending, isFetching, hasNextPage, fetchNextPage, refetch } =
    useInfiniteQuery(versionsQuery);
  const rows = useMemo(() => data?.pages.flat() ?? [], [data]);
  const opened = rows.find((row) => keyOf(row) === open);
  const restore = useMutation({
    mutationFn: (version: number) =>
      answer(
        client.POST("/api/v1/routing/policy/versions/{version}/restore", {
          params: { path: { version } },
        }),
      ),
    onSuccess: async (restored) => {
      queries.setQueryData(policyQuery.queryKey, restored.data);
      setOpen(null);
      await queries.invalidateQueries({ queryKey: ["policy", "versions"] });
    },
  });
  if (error && !data) {
    return (
      <ErrorPanel what="The versions can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  return (
    <>
      <DataTable
        label="Versions of the rules"
        rows={rows}
        columns={COLUMNS}
        rowKey={keyOf}
        openKey={open}
        onOpen={setOpen}
        loading={isPending}
        refreshing={isFetching && !isPending}
        onEnd={() => hasNextPage && !isFetching && void fetchNextPage()}
        empty={
          <EmptyState title="No version yet">
            Each time rules are saved, a version is kept; any of them can be put in force again.
          </EmptyState>
        }
      />
      <Sheet
        open={opened !== undefined}
        onClose={() => setOpen(null)}
        title={`Version ${open}`}
        subtitle={opened && <Time at={opened.created_at} />}
        footer={
          writes &&
          opened &&
          opened !== rows[0] && (
            <>
              <Button
                variant="primary"
                busy={restore.isPending}
                onClick={() => restore.mutate(opened.version)}
              >
                Restore
              </Button>
              <span className="text-muted">Put in force at once, as a new version</span>
            </>
          )
        }
      >
        {opened?.note && <p className="mb-3">{opened.note}</p>}
        {opened && <JsonTree label="Rules" value={opened.rules} depth={4} />}
        {restore.error && (
          <p role="alert" className="mt-3 text-bad">
            {messageOf(restore.error)}
          </p>
        )}
      </Sheet>
    </>
  );
}

import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type BatchStatus, batchesQuery, hasEnded } from "~/api/batches";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Page } from "~/components/Page";
import { Select } from "~/components/Select";
import { whole } from "~/format";
import { oneOf, text, useOpen, useUrlState } from "~/url/state";
import { BatchSheet } from "./BatchSheet";
import { COLUMNS } from "./columns";
import { NoBatches } from "./NoBatches";
import { STATUS_WORDS, STATUSES } from "./words";

const STATUS = oneOf<BatchStatus | "">(["", ...STATUSES], "");
const WORKSPACE = text("");
const idOf = ({ id }: { id: string }) => id;

/** Many requests in one body that nobody waits for. The API lists one workspace at a time. */
export default function BatchesPage() {
  const session = useSession();
  const [slug, setWorkspace] = useUrlState("workspace", WORKSPACE);
  const [status, setStatus] = useUrlState("status", STATUS);
  const [open, setOpen] = useOpen();
  const named = session.workspaces.find((one) => one.slug === slug);
  const fallback = session.workspaces.find((one) => one.slug === "default");
  const workspace = named ?? fallback ?? session.workspaces[0];
  const asked = { workspace: workspace?.id, status: status === "" ? undefined : status };
  const list = useInfiniteQuery({ ...batchesQuery(asked), enabled: workspace !== undefined });
  const rows = useMemo(() => list.data?.pages.flatMap(({ data }) => data) ?? [], [list.data]);
  const going = rows.filter((batch) => !hasEnded(batch)).length;
  const several = session.workspaces.length > 1;
  return (
    <Page
      title="Batches"
      scope={
        <>
          {several && workspace && `of the workspace ${workspace.name}`}
          {several && going > 0 && ", "}
          {going > 0 && `${whole(going)} under way`}
          {!several && going === 0 && "Requests that nobody waits for"}
        </>
      }
      actions={
        <ApiCall
          method="GET"
          path="/batches"
          query={{ status: asked.status, workspace_id: asked.workspace, limit: 100 }}
        />
      }
      filters={
        <div className="flex flex-wrap gap-2">
          <div className="w-44">
            <Select
              label="Status"
              value={status}
              onChange={setStatus}
              options={[
                { value: "", label: "Any status" },
                ...STATUSES.map((one) => ({ value: one, label: STATUS_WORDS[one] })),
              ]}
            />
          </div>
          {several && (
            <div className="w-44">
              <Select
                label="Workspace"
                value={workspace?.slug ?? ""}
                onChange={setWorkspace}
                options={session.workspaces.map((one) => ({ value: one.slug, label: one.name }))}
              />
            </div>
          )}
        </div>
      }
    >
      {!workspace ? (
        <EmptyState title="You belong to no workspace">
          Batches belong to workspaces. An owner or admin can take you into one.
        </EmptyState>
      ) : list.error && !list.data ? (
        <ErrorPanel
          what="The batches can't be read"
          error={list.error}
          onRetry={() => void list.refetch()}
        />
      ) : (
        <DataTable
          label="Batches"
          rows={rows}
          columns={COLUMNS}
          rowKey={idOf}
          openKey={open}
          onOpen={setOpen}
          loading={list.isPending}
          refreshing={list.isFetching}
          onEnd={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
          }}
          empty={
            status === "" ? (
              <NoBatches />
            ) : (
              <EmptyState title="No batch has this status" onClear={() => setStatus("")}>
                They are kept for 30 days, unless the operator has set otherwise.
              </EmptyState>
            )
          }
        />
      )}
      {open && (
        <BatchSheet
          id={open}
          listed={rows.find(({ id }) => id === open) ?? null}
          onClose={() => setOpen(null)}
        />
      )}
    </Page>
  );
}

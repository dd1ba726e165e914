import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Workspace, workspacesQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { Section } from "~/components/Page";
import { Sheet } from "~/components/Sheet";
import { Time } from "~/components/Time";
import { percent } from "~/format";
import { useOpen } from "~/url/state";
import { DeleteWorkspace } from "./DeleteWorkspace";
import { useRule } from "./rule";
import { WorkspaceForm } from "./WorkspaceForm";

const NEW = "new";
/** The workspace of keys that name none: it can't be deleted. */
const DEFAULT_ID = "00000000-0000-0000-0000-000000000000";

const COLUMNS: readonly Column<Workspace>[] = [
  {
    id: "name",
    header: "Name",
    width: 120,
    grow: 2,
    rank: 0,
    cell: ({ name }) => <span className="font-medium">{name}</span>,
  },
  {
    id: "slug",
    header: "Slug",
    width: 100,
    grow: 1,
    rank: 2,
    cell: ({ slug }) => <code className="font-mono text-label">{slug}</code>,
  },
  { id: "account", header: "Account", width: 90, grow: 1, rank: 3, cell: ({ account }) => account },
  {
    id: "contents",
    header: "Contents",
    width: 90,
    rank: 4,
    cell: (it) => (it.is_observability_io_logging_enabled ? "Kept" : "Not kept"),
  },
];

const idOf = ({ id }: Workspace) => id;

/** The workspaces that somebody reaches: made, changed and deleted here. */
export default function Workspaces() {
  const session = useSession();
  const [open, setOpen] = useOpen();
  const { data, error, isPending, isFetching, refetch } = useQuery(workspacesQuery);
  const opened = data?.data.find(({ id }) => id === open);
  const creates = may(session, "workspaces", "write") && session.everywhere;
  if (error && !data) {
    return (
      <ErrorPanel
        what="The workspaces can't be read"
        error={error}
        onRetry={() => void refetch()}
      />
    );
  }
  return (
    <Section
      title="Workspaces"
      actions={
        <>
          <ApiCall method="GET" path="/workspaces" />
          {creates && <Button onClick={() => setOpen(NEW)}>Create workspace</Button>}
        </>
      }
    >
      <DataTable
        label="Workspaces"
        rows={data?.data ?? []}
        columns={COLUMNS}
        rowKey={idOf}
        openKey={open}
        onOpen={setOpen}
        loading={isPending}
        refreshing={isFetching && !isPending}
        height="content"
        empty={
          <EmptyState title="No workspace yet">
            You belong to no workspace. An owner or admin can take you into one.
          </EmptyState>
        }
      />
      <Sheet
        open={open === NEW || opened !== undefined}
        onClose={() => setOpen(null)}
        title={opened?.name ?? "New workspace"}
        subtitle={opened && <CopyField label="Id" value={opened.id} labelled={false} />}
        modal={open === NEW}
      >
        {open === NEW && creates && <WorkspaceForm onDone={() => setOpen(null)} />}
        {opened && <Opened key={opened.id} workspace={opened} onDone={() => setOpen(null)} />}
      </Sheet>
    </Section>
  );
}

function Opened({ workspace, onDone }: { workspace: Workspace; onDone: () => void }) {
  const rules = useRule(workspace.id);
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <p className="mb-4 flex flex-wrap gap-x-5">
        <Link
          to="/budgets"
          search={{ open: `workspace:${workspace.id}` }}
          className="inline-flex min-h-6 items-center text-accent underline"
        >
          Budgets
        </Link>
        <Link
          to="/keys"
          search={{ workspace: workspace.slug }}
          className="inline-flex min-h-6 items-center text-accent underline"
        >
          Keys
        </Link>
        <Link
          to="/logs"
          search={{ workspace: workspace.slug }}
          className="inline-flex min-h-6 items-center text-accent underline"
        >
          Calls
        </Link>
      </p>
      {rules ? (
        <>
          <WorkspaceForm workspace={workspace} onDone={onDone} />
          {workspace.id !== DEFAULT_ID && (
            <div className="mt-8 border-t pt-4">
              <Button variant="danger" onClick={() => setDeleting(true)}>
                Delete workspace
              </Button>
            </div>
          )}
        </>
      ) : (
        <Facts
          facts={[
            ["Slug", workspace.slug],
            ["Description", workspace.description ?? "–"],
            ["Account", workspace.account],
            ["Default model", workspace.default_text_model ?? "None"],
            ["Default image model", workspace.default_image_model ?? "None"],
            [
              "Contents",
              workspace.is_observability_io_logging_enabled
                ? `Kept of ${percent(workspace.io_logging_sampling_rate)} of calls`
                : "Not kept",
            ],
            ["Made", <Time key="made" at={workspace.created_at} />],
          ]}
        />
      )}
      <DeleteWorkspace
        workspace={workspace}
        open={deleting}
        onClose={() => setDeleting(false)}
        onDone={onDone}
      />
    </>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "~/api/client";
import { type Invitation, invitationsQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { ConfirmDialog } from "~/components/Dialog";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { roleName } from "./roles";

interface Row {
  invitation: Invitation;
  places: string;
  expired: boolean;
  /** Takes it back; null for those who may not. */
  withdraw: (() => void) | null;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "email",
    header: "E-mail",
    width: 150,
    grow: 2,
    rank: 0,
    cell: ({ invitation }) => <span className="font-medium">{invitation.email}</span>,
  },
  {
    id: "role",
    header: "Role",
    width: 80,
    rank: 2,
    cell: ({ invitation }) => roleName(invitation.access),
  },
  {
    id: "places",
    header: "Workspaces",
    width: 120,
    grow: 2,
    rank: 4,
    cell: ({ places }) => <span className="text-muted">{places}</span>,
  },
  {
    id: "asked",
    header: "Asked",
    width: 100,
    rank: 5,
    cell: ({ invitation }) => <Time at={invitation.created_at} relative />,
  },
  {
    id: "until",
    header: "Ends",
    width: 100,
    rank: 3,
    cell: ({ invitation, expired }) =>
      expired ? <Status tone="warn">Expired</Status> : <Time at={invitation.expires_at} relative />,
  },
  {
    id: "acts",
    header: "Withdraw",
    width: 84,
    rank: 1,
    align: "right",
    cell: ({ invitation, withdraw }) =>
      withdraw && (
        <Button
          size="sm"
          variant="quiet"
          aria-label={`Withdraw the invitation of ${invitation.email}`}
          onClick={withdraw}
        >
          Withdraw
        </Button>
      ),
  },
];

const LOOKING = COLUMNS.filter(({ id }) => id !== "acts");
const keyOf = ({ invitation }: Row) => invitation.id;

export function Invitations({ onInvite }: { onInvite: () => void }) {
  const session = useSession();
  const queries = useQueryClient();
  const writes = may(session, "people", "write");
  const [leaving, setLeaving] = useState<Invitation | null>(null);
  const { data, error, isPending, refetch } = useQuery(invitationsQuery);
  const names = new Map(session.workspaces.map(({ id, name }) => [id, name]));
  const withdraw = useMutation({
    mutationFn: (id: string) =>
      client.DELETE("/api/v1/organization/invitations/{id}", { params: { path: { id } } }),
    onSuccess: async () => {
      setLeaving(null);
      await queries.invalidateQueries({ queryKey: ["invitations"] });
    },
  });
  if (error && !data) {
    return (
      <ErrorPanel
        what="The invitations can't be read"
        error={error}
        onRetry={() => void refetch()}
      />
    );
  }
  const now = Date.now();
  const rows = (data?.data ?? []).map((invitation) => ({
    invitation,
    places:
      invitation.workspaces
        .map(({ workspace_id }) => names.get(workspace_id) ?? workspace_id)
        .join(", ") || (invitation.access === "member" ? "None" : "All"),
    expired: new Date(invitation.expires_at).getTime() < now,
    withdraw: writes ? () => setLeaving(invitation) : null,
  }));
  return (
    <>
      <DataTable
        label="Invitations"
        rows={rows}
        columns={writes ? COLUMNS : LOOKING}
        rowKey={keyOf}
        loading={isPending}
        height="content"
        empty={
          <EmptyState
            title="Nobody is asked in"
            action={writes && <Button onClick={onInvite}>Make an invitation</Button>}
          >
            An invitation is a link that you send. Whoever opens it chooses a password and is in,
            once and within seven days.
          </EmptyState>
        }
      />
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Withdraw the invitation of ${leaving?.email ?? ""}?`}
        act="Withdraw"
        onConfirm={() => leaving && withdraw.mutate(leaving.id)}
        busy={withdraw.isPending}
        error={withdraw.error}
      >
        Their link stops working. You can ask them in again.
      </ConfirmDialog>
    </>
  );
}

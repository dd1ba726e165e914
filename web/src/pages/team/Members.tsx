import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { answer, client } from "~/api/client";
import {
  membersQuery,
  type PersonRecord,
  type Role,
  type WorkspaceMember,
  workspaceMembersQuery,
} from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { ConfirmDialog } from "~/components/Dialog";
import { ErrorPanel, messageOf } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { RadioGroup } from "~/components/RadioGroup";
import { Sheet } from "~/components/Sheet";
import { Time } from "~/components/Time";
import { useToast } from "~/components/Toast";
import { useOpen } from "~/url/state";
import { mayGrant, ROLES, roleName } from "./roles";

/** Members reach their own workspaces alone; others reach all. */
interface Row {
  person: PersonRecord;
  places: string;
}

const nameOf = ({ first_name, last_name, email }: PersonRecord): string =>
  [first_name, last_name].filter(Boolean).join(" ") || email;

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "name",
    header: "Name",
    width: 140,
    grow: 2,
    rank: 0,
    cell: ({ person }) => <span className="font-medium">{nameOf(person)}</span>,
  },
  {
    id: "email",
    header: "E-mail",
    width: 180,
    grow: 2,
    rank: 3,
    cell: ({ person }) => person.email,
  },
  {
    id: "role",
    header: "Role",
    width: 80,
    rank: 0,
    cell: ({ person }) => roleName(person.access),
  },
  {
    id: "places",
    header: "Workspaces",
    width: 140,
    grow: 3,
    rank: 2,
    cell: ({ places }) => <span className="text-muted">{places}</span>,
  },
  {
    id: "since",
    header: "Since",
    width: 110,
    rank: 4,
    cell: ({ person }) => <Time at={person.created_at} relative />,
  },
];

const keyOf = ({ person }: Row) => person.id;

export function Members() {
  const session = useSession();
  const [open, setOpen] = useOpen();
  const { data, error, isPending, isFetching, refetch } = useQuery(membersQuery);
  const people = data?.data ?? [];
  const placed = usePlaces(people.some(({ access }) => access === "member"));
  const rows = people.map((person) => ({ person, places: placed(person) }));
  const opened = people.find(({ id }) => id === open);
  if (error && !data) {
    return (
      <ErrorPanel what="The members can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  return (
    <>
      <DataTable
        label="Members"
        rows={rows}
        columns={COLUMNS}
        rowKey={keyOf}
        openKey={open}
        onOpen={setOpen}
        loading={isPending}
        refreshing={isFetching && !isPending}
        height="content"
        {...(data ? { total: data.total_count } : {})}
      />
      <Sheet
        open={opened !== undefined}
        onClose={() => setOpen(null)}
        title={opened ? nameOf(opened) : ""}
        subtitle={opened && roleName(opened.access)}
      >
        {opened && (
          <>
            <Facts
              facts={[
                ["E-mail", opened.email],
                ["Workspaces", placed(opened)],
                ["Member since", <Time key="since" at={opened.created_at} />],
                ["Id", <CopyField key="id" label="Id" value={opened.id} labelled={false} />],
              ]}
            />
            {may(session, "audit") && (
              <p className="mt-3">
                <Link
                  to="/team"
                  search={{ tab: "audit", who: opened.email }}
                  className="inline-flex min-h-6 items-center text-accent underline"
                >
                  What they did
                </Link>
              </p>
            )}
            {may(session, "people", "write") && mayGrant(session, opened.access) && (
              <Change key={opened.id} person={opened} onGone={() => setOpen(null)} />
            )}
          </>
        )}
      </Sheet>
    </>
  );
}

/** Where somebody belongs, in words. Asked for only where there are members. */
function usePlaces(wanted: boolean): (person: PersonRecord) => string {
  const { workspaces } = useSession();
  const asked = wanted ? workspaces : [];
  const places = useQueries({
    queries: asked.map(({ id }) => workspaceMembersQuery(id)),
    combine: useCallback(
      (answers: { data?: WorkspaceMember[] | undefined }[]) =>
        answers.flatMap(({ data = [] }) => data),
      [],
    ),
  });
  return useMemo(() => {
    const names = new Map(workspaces.map(({ id, name }) => [id, name]));
    return ({ id, access }) => {
      if (access !== "member") return "All";
      const own = places.filter(({ user_id }) => user_id === id);
      const words = own.map(({ workspace_id, role }) => {
        const name = names.get(workspace_id) ?? workspace_id;
        return role === "admin" ? `${name} (admin)` : name;
      });
      return words.join(", ") || "None";
    };
  }, [places, workspaces]);
}

/** Another role, or leaving. */
function Change({ person, onGone }: { person: PersonRecord; onGone: () => void }) {
  const session = useSession();
  const queries = useQueryClient();
  const toast = useToast();
  const [role, setRole] = useState<Role>(person.access);
  const [leaving, setLeaving] = useState(false);
  const params = { path: { id: person.id } };
  const own = person.id === session.user.id;
  const again = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["members"] }),
      own ? queries.invalidateQueries({ queryKey: ["session"] }) : null,
    ]);
  const change = useMutation({
    mutationFn: () =>
      answer(client.PATCH("/api/v1/organization/members/{id}", { params, body: { access: role } })),
    onSuccess: async () => {
      toast(`${nameOf(person)} is ${roleName(role).toLowerCase()} now`);
      await again();
    },
  });
  const leave = useMutation({
    mutationFn: () => client.DELETE("/api/v1/organization/members/{id}", { params }),
    onSuccess: async () => {
      onGone();
      await again();
    },
  });
  return (
    <div className="mt-6 flex flex-col items-start gap-4 border-t pt-4">
      <RadioGroup
        label="Role"
        options={ROLES.filter(({ value }) => mayGrant(session, value))}
        value={role}
        onChange={setRole}
      />
      {change.error && (
        <p role="alert" className="text-bad">
          {messageOf(change.error)}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button
          variant="primary"
          disabled={role === person.access}
          busy={change.isPending}
          onClick={() => change.mutate()}
        >
          Change role
        </Button>
        <Button variant="danger" onClick={() => setLeaving(true)}>
          Remove from the team
        </Button>
      </div>
      <ConfirmDialog
        open={leaving}
        onClose={() => setLeaving(false)}
        title={`Remove ${nameOf(person)}?`}
        act="Remove"
        onConfirm={() => leave.mutate()}
        busy={leave.isPending}
        error={leave.error}
      >
        {own ? "You are signed out at once. " : "They are signed out at once. "}
        Every key that {own ? "you" : "they"} made is disabled: apps that call with one are refused.
        What was spent stays on record.
      </ConfirmDialog>
    </div>
  );
}

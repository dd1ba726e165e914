import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { type Workspace, workspacesQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { settingsQuery } from "~/api/settings";
import { useSession } from "~/app/session";
import { ConfirmDialog } from "~/components/Dialog";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Section } from "~/components/Page";
import { Switch } from "~/components/Switch";
import { percent } from "~/format";
import { KEPT, keptText } from "./kept";

/** What is kept of calls, for how long, and where that is said. */
export default function Contents() {
  return (
    <>
      <Section title="What is said and answered">
        <p className="mb-2">
          Kept nowhere, unless a workspace wants it. Then it is sealed, and told to keys of the
          workspace and to those who may look at its keys.
        </p>
        <ByWorkspace />
      </Section>
      <Section title="How long things are kept">
        <dl>
          {KEPT.map((one) => (
            <Kept key={one.setting} {...one} />
          ))}
        </dl>
        <p className="mt-3 text-muted">
          The configuration file sets it, under{" "}
          <code className="font-mono text-label">[retention]</code>; it can't be changed here.
        </p>
      </Section>
    </>
  );
}

/** How long something is kept: what is in force where that may be seen, else what is usual. */
function Kept({ what, setting, usual }: (typeof KEPT)[number]) {
  const session = useSession();
  const { data } = useQuery({
    ...settingsQuery,
    enabled: session.everywhere && may(session, "audit"),
  });
  const found = data?.find((one) => one.name === setting);
  return (
    <div className="flex min-h-10 items-center gap-x-4 border-b py-1">
      <dt className="min-w-0 flex-1">
        {what}
        <code className="block font-mono text-label text-muted">{setting}</code>
      </dt>
      <dd className="text-right">
        {found ? keptText(found.value) : usual}{" "}
        <span className="block text-label text-muted">{found?.origin ?? "unless set"}</span>
      </dd>
    </div>
  );
}

function ByWorkspace() {
  const session = useSession();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(workspacesQuery);
  const [asked, setAsked] = useState<Workspace | null>(null);
  const change = useMutation({
    mutationFn: ({ id, kept }: { id: string; kept: boolean }) =>
      answer(
        client.PATCH("/api/v1/workspaces/{id}", {
          params: { path: { id } },
          body: { is_observability_io_logging_enabled: kept },
        }),
      ),
    onSuccess: async () => {
      setAsked(null);
      await queries.invalidateQueries({ queryKey: ["workspaces"] });
    },
  });
  if (error && !data) {
    const retry = () => void refetch();
    return <ErrorPanel what="The workspaces can't be read" error={error} onRetry={retry} />;
  }
  if (!data) return <Loading label="Workspaces" rows={3} />;
  const writes = session.everywhere && may(session, "workspaces", "write");
  return (
    <>
      <ul>
        {data.data.map((workspace) => (
          <li
            key={workspace.id}
            className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1 border-b py-1"
          >
            <Switch
              label={workspace.name}
              hint={words(workspace)}
              checked={workspace.is_observability_io_logging_enabled}
              disabled={!writes || change.isPending}
              onChange={(kept) =>
                // To begin with it is asked about: it is other people's words.
                kept ? setAsked(workspace) : change.mutate({ id: workspace.id, kept })
              }
            />
            <Link
              to="/settings/workspaces"
              search={{ open: workspace.id }}
              className="ml-auto inline-flex min-h-6 items-center text-accent hover:underline"
            >
              {writes ? "Share and more" : "More"}
              <span className="sr-only"> of {workspace.name}</span>
            </Link>
          </li>
        ))}
      </ul>
      {!writes && (
        <p className="mt-2 text-muted">
          Owners and admins change it here; an admin of a workspace on its own form.
        </p>
      )}
      {change.error && !asked && <ErrorPanel what="That can't be changed" error={change.error} />}
      <ConfirmDialog
        open={asked !== null}
        onClose={() => setAsked(null)}
        title={`Keep what is said in ${asked?.name ?? ""}?`}
        act="Keep it"
        busy={change.isPending}
        error={change.error}
        onConfirm={() => asked && change.mutate({ id: asked.id, kept: true })}
      >
        From now on prompts and answers of its conversations are written down, sealed, and can be
        read by its keys and by those who look at them. People who call should know.
      </ConfirmDialog>
    </>
  );
}

function words(workspace: Workspace): string {
  if (!workspace.is_observability_io_logging_enabled) return "Not kept";
  const share = `Kept of ${percent(workspace.io_logging_sampling_rate)} of calls`;
  const keys = workspace.io_logging_api_key_ids;
  if (keys === null) return share;
  return `${share}, of ${keys.length} ${keys.length === 1 ? "key" : "keys"} alone`;
}

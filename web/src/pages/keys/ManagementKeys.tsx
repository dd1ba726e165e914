import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { apiBase } from "~/api/base";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Code } from "~/components/Code";
import { CopyField } from "~/components/CopyField";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Section } from "~/components/Page";
import { Time } from "~/components/Time";
import { UNKNOWN, whole } from "~/format";
import { KeyStatus } from "./KeyStatus";
import { ACTS_MAX, type Act } from "./managing";
import { managingQuery } from "./queries";
import { type ListedKey, useListedKeys } from "./use-listed-keys";

const MAKE = "tollgate keys create --management --name admin";
const LIST = "tollgate keys list";

/** What management keys are, how one is made, and which ones are known: the API makes and marks none. */
export function ManagementKeys() {
  const session = useSession();
  const ask = `curl "${apiBase()}/keys" \\
  -H "Authorization: Bearer $TOLLGATE_MANAGEMENT_KEY"`;
  return (
    <div className="pb-6">
      <div className="max-w-[68ch] pb-6 text-read">
        <p>
          A management key does what this dashboard does, for programs: it makes keys, reads
          activity and changes settings.{" "}
          <strong className="font-semibold">It cannot call models.</strong>
        </p>
      </div>
      {session.everywhere && may(session, "audit") && <Known />}
      <Section title="Making one">
        <div className="flex max-w-[68ch] flex-col gap-3">
          <p>
            This page can't: whoever is signed in makes inference keys only. On the gateway's own
            machine the command line makes one, and shows its secret once.
          </p>
          <CopyField label="Command that makes one" labelled={false} value={MAKE} />
          <p>A program then asks like this:</p>
          <Code code={ask} language="bash" />
          <p className="text-muted">
            Who accepts an invitation without a password gets one, too, which reaches as far as
            their role.
          </p>
        </div>
      </Section>
    </div>
  );
}

/** The actor of the key that the environment gives, which is in no list. */
const OF_ENVIRONMENT = "TOLLGATE_MANAGEMENT_KEY";

interface Managing {
  hash: string;
  /** Null for that of the environment. */
  key: ListedKey | null;
  act: Act;
}

/** Those that changed something lately, as the log of acts has them. */
function Known() {
  const { list, keys, now } = useListedKeys(null);
  const acts = useQuery(managingQuery);
  const rows = useMemo(() => {
    const listed = new Map(keys.map((key) => [key.record.hash, key]));
    return [...(acts.data ?? [])].flatMap(([hash, act]): Managing[] => {
      const key = listed.get(hash) ?? null;
      return key || act.actor === OF_ENVIRONMENT ? [{ hash, key, act }] : [];
    });
  }, [keys, acts.data]);
  const columns = useMemo(() => columnsOf(now), [now]);
  const error = (list.data ? null : list.error) ?? (acts.data ? null : acts.error);
  if (error) {
    const retry = () => void Promise.all([list.refetch(), acts.refetch()]);
    return <ErrorPanel what="Management keys can't be looked for" error={error} onRetry={retry} />;
  }
  return (
    <Section
      title="Those that changed something"
      hint={`among the newest ${whole(ACTS_MAX)} acts of the audit log`}
    >
      <DataTable
        label="Management keys"
        rows={rows}
        columns={columns}
        rowKey={hashOf}
        loading={list.isPending || acts.isPending}
        refreshing={list.isFetching || acts.isFetching}
        height="content"
        empty={<EmptyState title="None of the keys listed here changed anything lately" />}
      />
      <div className="flex max-w-[68ch] flex-col gap-3 pt-3">
        <p className="text-muted">
          Others only read, or have long done nothing, and stand among the API keys unmarked. The
          command line tells which is which:
        </p>
        <CopyField label="Command that lists them" labelled={false} value={LIST} />
      </div>
    </Section>
  );
}

const hashOf = ({ hash }: Managing) => hash;

function columnsOf(now: Date): Column<Managing>[] {
  return [
    {
      id: "name",
      header: "Name",
      width: 112,
      grow: 2,
      rank: 0,
      // Disabling, rotating and deleting are the same for every key, and stand there.
      cell: ({ key }) =>
        key ? (
          <Link
            to="/keys"
            search={{ open: key.record.hash }}
            className="font-medium text-accent hover:underline"
          >
            {key.record.name}
          </Link>
        ) : (
          <code className="font-mono text-label">{OF_ENVIRONMENT}</code>
        ),
    },
    {
      id: "label",
      header: "Secret",
      width: 136,
      rank: 3,
      cell: ({ key }) => (
        <code className="font-mono text-label text-muted">{key?.record.label ?? UNKNOWN}</code>
      ),
    },
    {
      id: "act",
      header: "Last act",
      width: 150,
      grow: 2,
      rank: 2,
      cell: ({ act }) => (
        <code className="font-mono text-label" title={act.action}>
          {act.action}
        </code>
      ),
    },
    {
      id: "when",
      header: "When",
      width: 92,
      rank: 1,
      cell: ({ act }) => <Time at={act.at} relative />,
    },
    {
      id: "state",
      header: "State",
      width: 96,
      rank: 0,
      cell: ({ key }) =>
        key ? (
          <KeyStatus record={key.record} state={key.state} now={now} />
        ) : (
          <span className="text-muted" title="Set by the environment that the gateway starts in">
            Environment
          </span>
        ),
    },
  ];
}

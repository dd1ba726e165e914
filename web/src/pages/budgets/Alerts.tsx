import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Section } from "~/components/Page";
import { Select } from "~/components/Select";
import { Status, type Tone } from "~/components/Status";
import { Time } from "~/components/Time";
import { type Alert, alertsQuery, olderAlertsQuery } from "./queries";

const KINDS: Record<Alert["kind"], string> = {
  budget_threshold: "Budget",
  low_balance: "Low credit",
  spend_spike: "Unusual day",
  hourly_spend_spike: "Unusual hour",
};

/** What operators were told of, the newest first. New ones come by themselves. */
export function Alerts() {
  const { everywhere, workspaces } = useSession();
  const [chosen, setChosen] = useState<string | null>(null);
  const workspace = everywhere ? null : (chosen ?? workspaces[0]?.id ?? "");
  const newest = useQuery({ ...alertsQuery(workspace), enabled: workspace !== "" });
  const queries = useQueryClient();
  const last = newest.data && (newest.data.data[0]?.id ?? null);
  const shown = useRef(last);
  // A new alert tells of spend that the bars should show, too.
  useEffect(() => {
    if (shown.current !== undefined && shown.current !== last) {
      void queries.invalidateQueries({ queryKey: ["budgets"] });
    }
    shown.current = last;
  }, [last, queries]);
  const [from, setFrom] = useState<string | null>(null);
  const older = useInfiniteQuery(olderAlertsQuery(workspace, from));
  const known = new Set<string>();
  const rows = [newest.data, ...(older.data?.pages ?? [])]
    .flatMap((page) => page?.data ?? [])
    .filter(({ id }) => !known.has(id) && known.add(id));
  const more = from === null ? newest.data?.next : older.hasNextPage;
  const showMore = () => {
    if (from === null) setFrom(newest.data?.next ?? null);
    else void older.fetchNextPage();
  };
  return (
    <Section
      title="Alerts"
      actions={
        <ApiCall
          method="GET"
          path="/alerts"
          query={workspace === null ? {} : { workspace_id: workspace }}
        />
      }
    >
      {!everywhere && workspaces.length > 1 && (
        <Select
          label="Workspace of the alerts"
          value={workspace ?? ""}
          onChange={(id) => {
            setChosen(id);
            setFrom(null);
          }}
          options={workspaces.map(({ id, name }) => ({ value: id, label: name }))}
          className="mb-3"
        />
      )}
      {newest.isLoading && <Loading label="Alerts" rows={4} rowHeight={48} />}
      {newest.error && !newest.data && (
        <ErrorPanel
          what="The alerts can't be read"
          error={newest.error}
          onRetry={() => void newest.refetch()}
        />
      )}
      {newest.data && rows.length === 0 && (
        <EmptyState title="No alerts yet">
          When much of a budget is spent (50, 80 and 100 %, unless the configuration says
          otherwise), credit runs low or a day costs far more than is usual, it stands here within
          half a minute.
        </EmptyState>
      )}
      <ol aria-label="Alerts" aria-live="polite" aria-relevant="additions">
        {rows.map((alert) => (
          <Row key={alert.id} alert={alert} />
        ))}
      </ol>
      {more && (
        <Button className="mt-3" busy={older.isFetching} onClick={showMore}>
          Show older alerts
        </Button>
      )}
    </Section>
  );
}

function toneOf({ kind, details }: Alert): Tone {
  if (kind === "budget_threshold") return Number(details.threshold_percent) >= 100 ? "bad" : "warn";
  return "warn";
}

function Row({ alert }: { alert: Alert }) {
  const failed = alert.deliveries.filter(({ state }) => state === "failed");
  return (
    <li className="border-b py-2 last:border-b-0">
      <div className="flex items-baseline justify-between gap-3">
        <Status tone={toneOf(alert)}>{KINDS[alert.kind]}</Status>
        <span className="shrink-0 text-label text-muted">
          <Time at={alert.created_at} relative />
        </span>
      </div>
      <p>{alert.message}</p>
      <p className="flex flex-wrap gap-x-4 text-label">
        <Subject alert={alert} />
        {failed.map(({ channel, error }) => (
          <span key={channel} className="text-bad">
            Not told by {channel}: {error ?? "given up"}
          </span>
        ))}
      </p>
    </li>
  );
}

/** A link to what an alert is about. */
function Subject({ alert }: { alert: Alert }) {
  const { type, id, name } = alert.subject;
  const look = "inline-flex min-h-6 items-center text-accent hover:underline";
  switch (type) {
    case "workspace":
    case "key":
      return (
        <Link to="/budgets" search={{ open: `${type}:${id}` }} resetScroll={false} className={look}>
          {type === "key" ? "Key" : "Workspace"} {name}
        </Link>
      );
    case "account":
    case "organisation":
      return (
        <Link to="/credits" search={{ account: id }} className={look}>
          Account {name}
        </Link>
      );
    case "user":
    case "model":
      return (
        <Link to="/logs" search={{ [type]: id }} className={look}>
          {type === "user" ? "Calls of user" : "Calls of"} {name}
        </Link>
      );
    default:
      return <span className="text-muted">{name}</span>;
  }
}

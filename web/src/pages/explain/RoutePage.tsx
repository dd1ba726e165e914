import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ApiError } from "~/api/error";
import { type Generation, generationQuery } from "~/api/generation";
import { mayCall } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { buttonClass } from "~/components/Button";
import { CopyButton, CopyField } from "~/components/CopyField";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Explained } from "~/components/explained/Explained";
import { explainedText } from "~/components/explained/text";
import { madeOf } from "~/components/explained/verdicts";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { Time } from "~/components/Time";
import { Inputs } from "./Inputs";

/** Why a call of the past went where it went. */
export default function RoutePage() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const { data, error, isPending, refetch } = useQuery(generationQuery(id));
  return (
    <Page
      title="Why this provider"
      scope={<RouteScope id={id} record={data} />}
      actions={
        <>
          <ApiCall method="GET" path="/generation" query={{ id }} />
          <Link to="/logs" search={{ open: id, q: id, range: "30d" }} className={buttonClass()}>
            Show in the log
          </Link>
        </>
      }
    >
      {error && !data ? (
        <NoRecord id={id} error={error} onRetry={() => void refetch()} />
      ) : isPending ? (
        <Loading label="Route" rows={8} />
      ) : (
        data && <Route record={data} />
      )}
    </Page>
  );
}

function RouteScope({ id, record }: { id: string; record: Generation | undefined }) {
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      <CopyField label="Generation id" value={id} labelled={false} />
      {record && (
        <span>
          {record.requested_model}, <Time at={record.created_at} />
        </span>
      )}
    </span>
  );
}

interface NoRecordProps {
  id: string;
  error: unknown;
  onRetry: () => void;
}

function NoRecord({ id, error, onRetry }: NoRecordProps) {
  if (error instanceof ApiError && error.status === 404) {
    return (
      <EmptyState title="No such call">
        There is no record of <code className="font-mono">{id}</code>: it is too old, of another
        workspace, or still being answered.
      </EmptyState>
    );
  }
  return <ErrorPanel what="The route can't be read" error={error} onRetry={onRetry} />;
}

function Route({ record }: { record: Generation }) {
  const calls = mayCall(useSession());
  const { routing } = record;
  if (!routing) {
    return (
      <EmptyState title="Nothing was planned">
        This call had no choice of endpoints, or was made before plans were kept.
      </EmptyState>
    );
  }
  const made = madeOf(record);
  const text = explainedText(`${record.id} ${record.requested_model}`, routing, made);
  return (
    <>
      <Explained
        routing={routing}
        made={made}
        actions={
          <div className="flex flex-wrap gap-2">
            <CopyButton label="Explanation" value={text} text="Copy as text" />
            {calls && (
              <Link
                to="/routing/explain"
                search={{ model: record.requested_model }}
                className={buttonClass("default", "sm")}
              >
                Ask what would happen now
              </Link>
            )}
          </div>
        }
      />
      <Inputs routing={routing} record={record} />
    </>
  );
}

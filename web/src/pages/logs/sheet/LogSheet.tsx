import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Waypoints } from "lucide-react";
import { ApiError } from "~/api/error";
import { generationQuery } from "~/api/generation";
import type { LogRow } from "~/api/logs";
import { mayCall } from "~/api/session";
import { useSession } from "~/app/session";
import { buttonClass } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { useShortcuts } from "~/keyboard/shortcuts";
import { TONES } from "../columns";
import type { FilterBy } from "../view";
import { CallDetails } from "./CallDetails";
import { CopyAsCurl } from "./CopyAsCurl";

interface LogSheetProps {
  id: string | null;
  /** What the list has of it already. */
  row: LogRow | undefined;
  onClose: () => void;
  filterBy: FilterBy;
}

/** One call, with everything that is kept of it. */
export function LogSheet({ id, row, onClose, filterBy }: LogSheetProps) {
  const { data, error, refetch } = useQuery({ ...generationQuery(id ?? ""), enabled: id !== null });
  const navigate = useNavigate();
  const calls = mayCall(useSession());
  useShortcuts([
    {
      keys: "o",
      label: "Why this provider",
      group: "Table",
      run: () => id !== null && void navigate({ to: `/logs/${id}/route` }),
    },
  ]);
  const known = row ?? data;
  return (
    <Sheet
      open={id !== null}
      onClose={onClose}
      title={known?.model ?? "Call"}
      subtitle={
        <span className="flex flex-wrap items-center gap-x-4">
          {row && <Status tone={TONES[row.status]}>{row.error?.status ?? row.status}</Status>}
          {known && <Time at={known.created_at} />}
          <CopyField label="Generation id" value={id ?? ""} labelled={false} />
        </span>
      }
      footer={
        id !== null && (
          <>
            {calls && (
              <Link to="/chat" search={{ from: id }} className={buttonClass()}>
                Replay in playground
              </Link>
            )}
            {data && <CopyAsCurl record={data} />}
            <Link to={`/logs/${id}/route`} className={buttonClass("quiet")}>
              <Waypoints aria-hidden className="size-4" />
              Route
            </Link>
          </>
        )
      }
    >
      {data ? (
        <CallDetails record={data} row={row} filterBy={filterBy} />
      ) : error instanceof ApiError && error.status === 404 ? (
        <EmptyState title="No such call">
          Its record is too old, of another workspace, or not written yet.
        </EmptyState>
      ) : error ? (
        <ErrorPanel what="The call can't be read" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading label="Call" rows={12} />
      )}
    </Sheet>
  );
}

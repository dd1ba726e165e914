import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { EndpointsHistory, Incident } from "~/api/endpoint-history";
import { providerOf } from "~/api/model-names";
import { may } from "~/api/session";
import { useZone } from "~/app/preferences";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Status } from "~/components/Status";
import { whole } from "~/format";
import { incidentLength, incidentLogs, incidentTime, incidentWords, modelOf } from "./incidents";

const SHOWN_FIRST = 20;

export interface IncidentsProps {
  history: EndpointsHistory;
  incidents: readonly Incident[];
  /** Where the endpoint is told beside each of them; without, they are all of one. */
  onOpen?: (endpoint: string) => void;
}

/** When endpoints mostly failed, the newest first. */
export function Incidents({ history, incidents, onOpen }: IncidentsProps) {
  const [all, setAll] = useState(false);
  if (incidents.length === 0) return <p className="text-muted">No incident in this time.</p>;
  const shown = all ? incidents : incidents.slice(0, SHOWN_FIRST);
  return (
    <div className="@container">
      <ul aria-label="Incidents">
        {shown.map((one) => (
          <Row
            key={`${one.endpoint_id} ${one.began_at}`}
            incident={one}
            history={history}
            onOpen={onOpen}
          />
        ))}
      </ul>
      {incidents.length > shown.length && (
        <Button className="mt-3" onClick={() => setAll(true)}>
          Show all {whole(incidents.length)}
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  incident: Incident;
  history: EndpointsHistory;
  onOpen: IncidentsProps["onOpen"];
}

function Row({ incident, history, onOpen }: RowProps) {
  const session = useSession();
  const [zone] = useZone();
  const { endpoint_id: id, ended_at: ended } = incident;
  const length = incidentLength(incident);
  return (
    <li className="grid gap-x-6 gap-y-1 border-b py-2 @3xl:grid-cols-[16rem_minmax(0,1fr)_minmax(0,1fr)_auto]">
      <div>
        <Status tone={ended === null ? "bad" : "idle"} wraps>
          {ended === null ? "Goes on" : `Over, lasted ${length}`}
        </Status>
        <p className="text-muted">{incidentTime(incident, history.from, zone)}</p>
      </div>
      {onOpen && (
        <div className="min-w-0">
          <button
            type="button"
            onClick={() => onOpen(id)}
            className="min-h-6 max-w-full truncate text-left font-medium hover:underline"
          >
            {modelOf(incident)}
          </button>
          <p className="truncate text-muted">
            {incident.provider_name ?? `${providerOf(id)}, no longer configured`}
          </p>
        </div>
      )}
      <p className="min-w-0">{incidentWords(incident)}</p>
      {may(session, "usage") && (
        <p>
          <Link
            to="/logs"
            search={incidentLogs(incident, history.until)}
            preload={false}
            className="text-accent underline"
          >
            Failed calls in Logs
          </Link>
        </p>
      )}
    </li>
  );
}

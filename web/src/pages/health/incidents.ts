import type { EndpointsHistory, Incident } from "~/api/endpoint-history";
import { providerOf } from "~/api/model-names";
import { byCount, failureWords } from "~/components/health/failure-words";
import { dateTime, whole, type Zone } from "~/format";
import { rangeText } from "~/url/range";
import type { Search } from "~/url/state";

const MINUTES = "2026-11-20 18:00".length;
const DAY = "2026-11-20 ".length;
const OWN_KEY = "#";

/** The model of an endpoint that is no longer configured, as its id has it. */
const modelIn = (endpointId: string): string =>
  endpointId.slice(providerOf(endpointId).length + 1).split("@", 1)[0] ?? endpointId;

export const modelOf = (one: Pick<Incident, "endpoint_id" | "model_id">): string =>
  one.model_id ?? modelIn(one.endpoint_id);

/** Of endpoints that are called with keys of callers' own nothing is kept. */
export const hasHistory = (endpointId: string): boolean => !endpointId.includes(OWN_KEY);

/** `2026-11-20 18:00 – 18:45`, `since 2026-11-20 18:00`. */
export function incidentTime(incident: Incident, from: string, zone: Zone): string {
  const written = (at: string) => dateTime(at, zone).slice(0, MINUTES);
  const began = written(incident.began_at);
  // What was before the range is not told.
  const earlier = Date.parse(incident.began_at) <= Date.parse(from) ? " or before" : "";
  if (incident.ended_at === null) return `since ${began}${earlier}`;
  const ended = written(incident.ended_at);
  const sameDay = ended.slice(0, DAY) === began.slice(0, DAY);
  return `${began}${earlier} – ${sameDay ? ended.slice(DAY) : ended}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** `45 min`, `6 h 15 min`. Null while it goes on. */
export function incidentLength({ began_at, ended_at }: Incident): string | null {
  if (ended_at === null) return null;
  const length = Date.parse(ended_at) - Date.parse(began_at);
  const hours = Math.floor(length / HOUR_MS);
  const minutes = Math.round((length % HOUR_MS) / MINUTE_MS);
  return [hours > 0 && `${hours} h`, minutes > 0 && `${minutes} min`].filter(Boolean).join(" ");
}

/** `31 of 40 failed: 30 overloaded, 1 timed out`. */
export function incidentWords({ failed, of, failures }: Incident): string {
  const kinds = byCount(failures).map(([kind, count]) => `${whole(count)} ${failureWords(kind)}`);
  return `${whole(failed)} of ${whole(of)} failed: ${kinds.join(", ")}`;
}

/** The calls in the log that failed meanwhile. One that another endpoint answered is none of them. */
export function incidentLogs(incident: Incident, until: EndpointsHistory["until"]): Search {
  const from = new Date(incident.began_at);
  const to = new Date(incident.ended_at ?? until);
  return {
    model: modelOf(incident),
    provider: providerOf(incident.endpoint_id),
    status: "error",
    range: rangeText({ kind: "fixed", from, to }),
  };
}

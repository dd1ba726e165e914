import type { EndpointHealth } from "~/api/health";
import type { Tone } from "~/components/Status";
import { duration } from "~/format";

export interface EndpointState {
  tone: Tone;
  /** A few words that go beside the mark. */
  words: string;
}

type Judged = Pick<
  EndpointHealth,
  "status" | "status_text" | "circuit" | "open_for_ms" | "cooling_for_ms"
> & { attempts_last_30m?: EndpointHealth["attempts_last_30m"] };

const NOT_CALLED: EndpointState = { tone: "idle", words: "Not called" };

/** How an endpoint is doing, in words; `sinceMs` is how old the answer is, for what counts down. */
export function endpointState(health: Judged, sinceMs = 0): EndpointState {
  if (health.circuit === "open") {
    return { tone: "bad", words: `Left alone${rest(health.open_for_ms, sinceMs)}` };
  }
  if (health.circuit === "half_open") return { tone: "warn", words: "Open to one try" };
  if (health.cooling_for_ms !== null) {
    return { tone: "warn", words: `Rate-limited${rest(health.cooling_for_ms, sinceMs)}` };
  }
  if (health.status === 0)
    return attempts(health) === 0 ? NOT_CALLED : { tone: "good", words: "Well" };
  return { tone: tones(health.status), words: capital(health.status_text) };
}

function attempts({ attempts_last_30m: counted }: Judged): number | null {
  if (!counted) return null;
  return counted.succeeded + counted.failed + counted.rate_limited + counted.callers;
}

function tones(status: number): Tone {
  return status <= -5 ? "bad" : "warn";
}

/** The time that is left, to the second: it counts down. */
function rest(ms: number | null, sinceMs: number): string {
  if (ms === null) return "";
  const left = Math.ceil((ms - sinceMs) / 1000);
  return left > 0 ? `, ${duration(left * 1000).replace(/\.0+(?=\D)/, "")}` : ", next call tries it";
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const RANK: Record<Tone, number> = { bad: 0, warn: 1, good: 2, idle: 3 };

/** Worst first. */
export const byTone = (one: EndpointState, other: EndpointState) =>
  RANK[one.tone] - RANK[other.tone];

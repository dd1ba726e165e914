import type { Generation } from "~/api/generation";
import { faultWords, isAnswer } from "~/components/explained/verdicts";
import type { Phase } from "~/components/Waterfall";

type Timed = Pick<Generation, "created_at" | "provider_responses" | "streamed" | "timings">;

/** Where the time of a call went: the gateway's own part, then attempt after attempt. */
export function phasesOf(record: Timed): Phase[] {
  const { timings, provider_responses: attempts } = record;
  const begin = Date.parse(record.created_at);
  const phases: Phase[] = [];
  const own = timings.first_attempt ?? timings.end;
  if (own !== null) phases.push({ label: "Gateway", from: 0, ms: own, kind: "gateway" });
  for (const attempt of attempts) {
    const from = Math.max(0, Date.parse(attempt.started_at) - begin);
    const label = attempt.provider_name;
    if (!isAnswer(attempt)) {
      const said =
        attempt.status ?? (attempt.fault === null ? "failed" : faultWords(attempt.fault));
      phases.push({ label, from, ms: attempt.latency, kind: "failed", detail: String(said) });
      continue;
    }
    const end = Math.max(timings.end ?? 0, from + attempt.latency);
    const first = timings.first_token;
    // What is not streamed comes at once, at the end of all waiting.
    const waits = record.streamed && first !== null;
    const wait = waits ? { waitMs: Math.max(0, first - from) } : {};
    const detail = attempt.continued ? { detail: "went on" } : {};
    phases.push({ label, from, ms: end - from, kind: "served", ...wait, ...detail });
  }
  return phases;
}

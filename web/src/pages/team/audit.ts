import type { AuditEntry } from "~/api/organisation";
import type { Tone } from "~/components/Status";

export const OUTCOMES = [
  { value: "all", label: "Every outcome" },
  { value: "done", label: "Done" },
  { value: "refused", label: "Refused or failed" },
  { value: "unknown", label: "Without an outcome" },
] as const;
export type OutcomeFilter = (typeof OUTCOMES)[number]["value"];

/** What came of an act. Commands have 0 for done and 1 for failed, calls the status of HTTP. */
export function outcomeOf(outcome: number | null): { tone: Tone; words: string } {
  if (outcome === null) return { tone: "idle", words: "Unknown" };
  if (outcome === 0) return { tone: "good", words: "Done" };
  if (outcome === 1) return { tone: "bad", words: "Failed" };
  if (outcome < 400) return { tone: "good", words: `Done, ${outcome}` };
  return outcome < 500
    ? { tone: "warn", words: `Refused, ${outcome}` }
    : { tone: "bad", words: `Failed, ${outcome}` };
}

export interface AuditFilter {
  /** Part of who did it. */
  who: string;
  /** Part of the act, or of what it was done to. */
  act: string;
  outcome: OutcomeFilter;
}

export function matches(entry: AuditEntry, { who, act, outcome }: AuditFilter): boolean {
  const holds = (whole: string, part: string) => whole.toLowerCase().includes(part.toLowerCase());
  return (
    holds(entry.actor, who) &&
    holds(`${entry.action} ${entry.target}`, act) &&
    (outcome === "all" || outcome === kindOf(entry.outcome))
  );
}

function kindOf(outcome: number | null): OutcomeFilter {
  if (outcome === null) return "unknown";
  return outcome === 0 || (outcome > 1 && outcome < 400) ? "done" : "refused";
}

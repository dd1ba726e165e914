import type { Batch, BatchStatus } from "~/api/batches";
import type { Tone } from "~/components/Status";
import { whole } from "~/format";

/** In the order in which a batch goes through them. */
export const STATUSES = [
  "validating",
  "in_progress",
  "finalizing",
  "completed",
  "failed",
  "expired",
  "cancelling",
  "cancelled",
] as const satisfies readonly BatchStatus[];

export const STATUS_WORDS: Record<BatchStatus, string> = {
  validating: "Being checked",
  in_progress: "In progress",
  finalizing: "Finishing",
  completed: "Completed",
  failed: "Failed",
  expired: "Expired",
  cancelling: "Being cancelled",
  cancelled: "Cancelled",
};

const TONES: Record<BatchStatus, Tone> = {
  validating: "idle",
  in_progress: "idle",
  finalizing: "idle",
  completed: "good",
  failed: "bad",
  expired: "warn",
  cancelling: "warn",
  cancelled: "warn",
};

/** One that was completed may have failed at some or all of its requests: that is not well. */
export function toneOf({ status, request_counts: counts }: Batch): Tone {
  if (status !== "completed" || counts.failed === 0) return TONES[status];
  return counts.completed === 0 ? "bad" : "warn";
}

/** How many requests have an outcome, from 0 to 1. */
export function shareDone({ request_counts: { total, completed, failed } }: Batch): number {
  return total > 0 ? (completed + failed) / total : 0;
}

/** How far it has come: `120 of 400, 3 failed`. */
export function countWords({ request_counts: { total, completed, failed } }: Batch): string {
  const done = completed + failed;
  const requests = `${total === 1 ? "request" : "requests"}`;
  const part =
    done === total
      ? `${whole(total)} ${requests}`
      : `${whole(done)} of ${whole(total)} ${requests}`;
  return failed > 0 ? `${part}, ${whole(failed)} failed` : part;
}

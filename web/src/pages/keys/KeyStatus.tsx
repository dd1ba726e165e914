import type { KeyRecord } from "~/api/keys";
import { expiresSoon, type KeyState } from "~/components/limits/limits";
import { Status, type Tone } from "~/components/Status";
import { relative } from "~/format";

export const STATE_LABELS: Record<KeyState, string> = {
  active: "Active",
  used_up: "Used up",
  disabled: "Disabled",
  expired: "Expired",
};

const TONES: Record<KeyState, Tone> = {
  active: "good",
  used_up: "bad",
  disabled: "idle",
  expired: "idle",
};

/** Whether a key works, and if not, why. */
export function KeyStatus({
  record,
  state,
  now,
}: {
  record: KeyRecord;
  state: KeyState;
  now: Date;
}) {
  if (state === "active" && expiresSoon(record, now)) {
    return <Status tone="warn">Ends {relative(record.expires_at, now)}</Status>;
  }
  return <Status tone={TONES[state]}>{STATE_LABELS[state]}</Status>;
}

import type { components } from "~/api/schema";

export type Act = components["schemas"]["AuditEntry"];

/** As many as an answer has. */
export const ACTS_MAX = 1_000;

/** What inference keys may do as well, so that it doesn't tell one from the other. */
const ANYBODYS = /^[A-Z]+ (\/presets\b|\/auth\/keys|\/(beta\/)?batches\b|\/generation\/feedback)/;

/**
 * The last act of each key that has managed anything, by its hash: of management keys alone, and of
 * sessions, which are in no list of keys.
 */
export function managing(acts: readonly Act[]): Map<string, Act> {
  const last = new Map<string, Act>();
  for (const act of acts) {
    if (act.key_hash === null || ANYBODYS.test(act.action)) continue;
    if (!last.has(act.key_hash)) last.set(act.key_hash, act);
  }
  return last;
}

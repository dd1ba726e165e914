import type { KeyRecord } from "~/api/keys";
import { may, type SignedIn } from "~/api/session";

/** Whether somebody may change a key: all of them, or their own. */
export function mayChange(session: SignedIn, record: KeyRecord): boolean {
  if (may(session, "keys", "write")) return true;
  return may(session, "own_keys", "write") && record.creator_user_id === session.user.id;
}

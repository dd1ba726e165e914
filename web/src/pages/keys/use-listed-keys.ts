import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type KeyRecord, keysQuery } from "~/api/keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { workspaceBudgetsQuery } from "~/components/limits/budgets-query";
import { type Bound, bindingLimit, type KeyState, stateOf } from "~/components/limits/limits";
import { type KeyUse, keyUseQuery } from "./queries";

/** A key with what the table says of it. */
export interface ListedKey {
  record: KeyRecord;
  workspace: string;
  bound: Bound | null;
  state: KeyState;
  use: KeyUse | null;
  /** Whether the use of all keys is known, so that none is none. */
  useKnown: boolean;
}

/** The keys of a workspace (its id), or of all; with their limits and their use, asked for at once. */
export function useListedKeys(workspace: string | null) {
  const session = useSession();
  const [now] = useState(() => new Date());
  const list = useInfiniteQuery(keysQuery(workspace));
  const records = useMemo(() => list.data?.pages.flat() ?? [], [list.data]);
  const seesUsage = may(session, "usage");
  const uses = useQuery({ ...keyUseQuery(now.toISOString().slice(0, 10)), enabled: seesUsage });
  const workspaces = useMemo(
    () => [...new Set(records.map((record) => record.workspace_id))].sort(),
    [records],
  );
  const budgets = useQuery({
    ...workspaceBudgetsQuery(workspaces, now),
    enabled: seesUsage && workspaces.length > 0,
  });
  const describe = useMemo(() => {
    const nameOf = (id: string) => session.workspaces.find((one) => one.id === id)?.name ?? id;
    return (record: KeyRecord): ListedKey => {
      const bound = bindingLimit(record, budgets.data ?? [], nameOf);
      return {
        record,
        workspace: nameOf(record.workspace_id),
        bound,
        state: stateOf(record, bound, now),
        use: uses.data?.uses.get(record.hash) ?? null,
        useKnown: uses.data?.whole ?? false,
      };
    };
  }, [session, budgets.data, uses.data, now]);
  const keys = useMemo(() => records.map(describe), [records, describe]);
  return { list, keys, describe, now };
}

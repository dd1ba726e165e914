import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { workspaceMembersQuery } from "~/api/organisation";
import { type KeyRecord, may } from "~/api/session";
import { useSession } from "~/app/session";

export interface Rights {
  /** Whether somebody may change a workspace and its budgets. */
  rules: (workspace: string) => boolean;
  /** Whether they may change a key. */
  changes: (key: KeyRecord) => boolean;
}

/** What somebody may change. Members rule the workspaces that they are admins of, and their own keys. */
export function useRights(): Rights {
  const session = useSession();
  const { everywhere, user } = session;
  const writes = may(session, "workspaces", "write");
  const asked = writes && !everywhere ? session.workspaces.map(({ id }) => id) : [];
  const ruled = useQueries({
    queries: asked.map(workspaceMembersQuery),
    combine: useCallback(
      (
        answers: { data?: { user_id: string; role: string; workspace_id: string }[] | undefined }[],
      ) =>
        answers
          .flatMap(({ data = [] }) => data)
          .filter(({ user_id, role }) => user_id === user.id && role === "admin")
          .map(({ workspace_id }) => workspace_id)
          .join(" "),
      [user.id],
    ),
  });
  const keys = may(session, "keys", "write");
  return useMemo(() => {
    const rules = (workspace: string) =>
      writes && (everywhere || ruled.split(" ").includes(workspace));
    const changes = (key: KeyRecord) =>
      keys && (everywhere || key.creator_user_id === user.id || rules(key.workspace_id));
    return { rules, changes };
  }, [writes, everywhere, ruled, keys, user.id]);
}

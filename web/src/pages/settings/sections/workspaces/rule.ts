import { useQuery } from "@tanstack/react-query";
import { workspaceMembersQuery } from "~/api/organisation";
import { may } from "~/api/session";
import { useSession } from "~/app/session";

/** Whether somebody may change a workspace: members need to be its admins. */
export function useRule(id: string): boolean {
  const session = useSession();
  const writes = may(session, "workspaces", "write");
  const asks = writes && !session.everywhere;
  const { data = [] } = useQuery({ ...workspaceMembersQuery(id), enabled: asks });
  if (!asks) return writes;
  return data.some(({ user_id, role }) => user_id === session.user.id && role === "admin");
}

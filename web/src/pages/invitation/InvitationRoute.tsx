import { useMutation, useQueryClient } from "@tanstack/react-query";
import { signOut } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { EmptyState } from "~/components/EmptyState";
import { Page } from "~/components/Page";

/** What somebody sees here who is signed in already. */
export default function InvitationRoute() {
  const { user } = useSession();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: () => queries.resetQueries({ queryKey: ["session"] }),
  });
  return (
    <Page title="Invitation">
      <EmptyState
        title={`You are signed in as ${user.email}`}
        action={
          <Button variant="primary" busy={leave.isPending} onClick={() => leave.mutate()}>
            Sign out and accept
          </Button>
        }
      >
        An invitation makes an account of its own. Sign out to accept it; it stays good meanwhile.
      </EmptyState>
    </Page>
  );
}

import { useSession } from "~/app/session";
import { Dialog } from "~/components/Dialog";
import { SignInForm } from "./SignInForm";

/** Lies over the page when the session has ended: what was typed and chosen below it stays. */
export default function SignedOutDialog({ onDone }: { onDone: () => void }) {
  const { user } = useSession();
  return (
    <Dialog open onClose={onDone} title="Your session has ended" held>
      <p className="mb-4 text-muted">
        Sign in again to go on. Nothing on this page is lost; what you were saving has to be saved
        once more.
      </p>
      <SignInForm email={user.email} onDone={onDone} />
    </Dialog>
  );
}

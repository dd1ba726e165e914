import { useEffect, useState } from "react";
import { onSignedOut } from "~/api/client";
import { useSession } from "~/app/session";
import { Dialog } from "~/components/Dialog";
import { SignInForm } from "./SignInForm";

/** Lies over the page when the session ends: what was typed and chosen below it stays. */
export function SignedOutDialog() {
  const { user } = useSession();
  const [open, setOpen] = useState(false);
  useEffect(() => onSignedOut(() => setOpen(true)), []);
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title="Your session has ended" held>
      <p className="mb-4 text-muted">
        Sign in again to go on. Nothing on this page is lost; what you were saving has to be saved
        once more.
      </p>
      <SignInForm email={user.email} onDone={() => setOpen(false)} />
    </Dialog>
  );
}

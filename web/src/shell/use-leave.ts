import { useCallback } from "react";
import { signOut } from "~/api/session";
import { useToast } from "~/components/Toast";

/** Signs out. */
export function useLeave(): () => void {
  const toast = useToast();
  return useCallback(
    () =>
      void signOut().then(
        // Loaded anew, so that nothing of this person stays for the next one.
        () => location.reload(),
        () => toast("You are still signed in: the gateway can't be reached"),
      ),
    [toast],
  );
}

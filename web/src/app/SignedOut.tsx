import { lazy, Suspense, useEffect, useState } from "react";
import { onSignedOut } from "~/api/client";

const SignedOutDialog = lazy(() => import("~/pages/sign-in/SignedOutDialog"));

/** Watches for the end of the session, and has somebody sign in again over the page. */
export function SignedOut() {
  const [ended, setEnded] = useState(false);
  useEffect(() => onSignedOut(() => setEnded(true)), []);
  return <Suspense>{ended && <SignedOutDialog onDone={() => setEnded(false)} />}</Suspense>;
}

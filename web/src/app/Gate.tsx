import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { sessionQuery } from "~/api/session";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Shell } from "~/shell/Shell";
import { SignedOut } from "./SignedOut";
import { SessionContext } from "./session";

const SignIn = lazy(() => import("~/pages/sign-in/SignIn"));
const Setup = lazy(() => import("~/pages/setup/Setup"));
const Invitation = lazy(() => import("~/pages/invitation/Invitation"));
const Auth = lazy(() => import("~/pages/auth/Auth"));

/**
 * Decides what the browser gets to see: the set-up, signing in, an app that asks for a key, or the
 * dashboard. The address stays as it is, so that a link leads where it should once somebody has
 * signed in.
 */
export function Gate() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  const path = useLocation({ select: (location) => location.pathname });
  if (!session) {
    return error ? (
      <main className="mx-auto max-w-140 p-6">
        <ErrorPanel what="The dashboard can't start" error={error} onRetry={refetch} />
      </main>
    ) : (
      <Loading label="Tollgate" />
    );
  }
  if (session.state === "setup" || (session.state === "signed_in" && path === "/setup")) {
    return (
      <Suspense fallback={<Loading label="Set-up" />}>
        <Setup session={session} />
      </Suspense>
    );
  }
  if (session.state !== "signed_in") {
    const Entrance = path === "/invitation" ? Invitation : SignIn;
    return (
      <Suspense fallback={<Loading label="Sign in" />}>
        <Entrance session={session} />
      </Suspense>
    );
  }
  return (
    <SessionContext value={session}>
      {path === "/auth" ? (
        <Suspense fallback={<Loading label="An app asks for a key" />}>
          <Auth />
        </Suspense>
      ) : (
        <Shell>
          <Outlet />
        </Shell>
      )}
      <SignedOut />
    </SessionContext>
  );
}

import type { ReactNode } from "react";
import { EmptyState } from "~/components/EmptyState";
import { Page } from "~/components/Page";
import type { PageDefinition, PageRoute } from "./page";
import { mayReach } from "./registry";
import { useSession } from "./session";

interface ReachProps {
  page: PageDefinition;
  route: PageRoute;
  children: ReactNode;
}

/** Shows a page to those who may use it, and says so to others. */
export function Reach({ page, route, children }: ReachProps) {
  const session = useSession();
  if (mayReach(session, page, route)) return children;
  return (
    <Page title={page.title}>
      <EmptyState title="Your role doesn't include this page">
        You are signed in as {session.user.email}, with the role {session.user.access}. An owner or
        admin can change that under Team.
      </EmptyState>
    </Page>
  );
}

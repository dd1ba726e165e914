import type { ReactNode } from "react";
import { EmptyState } from "~/components/EmptyState";
import { Page } from "~/components/Page";
import type { PageDefinition } from "./page";
import { useSession } from "./session";

/** Shows a page to those who may use it, and says so to others. */
export function Reach({ page, children }: { page: PageDefinition; children: ReactNode }) {
  const session = useSession();
  if (page.allowed?.(session) ?? true) return children;
  return (
    <Page title={page.title}>
      <EmptyState title="Your role doesn't include this page">
        You are signed in as {session.user.email}, with the role {session.user.access}. An owner or
        admin can change that under Team.
      </EmptyState>
    </Page>
  );
}

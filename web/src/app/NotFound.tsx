import { Link } from "@tanstack/react-router";
import { EmptyState } from "~/components/EmptyState";
import { Page } from "~/components/Page";

export function NotFound() {
  return (
    <Page title="No such page">
      <EmptyState
        title="Nothing is at this address"
        action={
          <Link to="/" className="text-accent underline">
            Go to the start
          </Link>
        }
      >
        The link may be old, or a letter of it may be missing.
      </EmptyState>
    </Page>
  );
}

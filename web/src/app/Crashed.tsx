import type { ErrorComponentProps } from "@tanstack/react-router";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Page } from "~/components/Page";

/** What stands where a page broke: the rest of the dashboard goes on. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page broke">
      <ErrorPanel what="The page could not be shown" error={error} onRetry={reset} />
    </Page>
  );
}

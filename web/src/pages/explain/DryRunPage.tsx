import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Routing } from "~/api/generation";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { CopyButton } from "~/components/CopyField";
import { EmptyState } from "~/components/EmptyState";
import { Explained } from "~/components/explained/Explained";
import { explainedText } from "~/components/explained/text";
import { Loading, Progress } from "~/components/Loading";
import { Page } from "~/components/Page";
import { useSearchParams } from "~/url/state";
import { Changed } from "./Changed";
import { DraftForm } from "./DraftForm";
import { type Draft, readDraft, requestOf, withoutCause, writeDraft } from "./draft";
import { dryRunQuery } from "./dry-run";
import { Inputs } from "./Inputs";
import { Refused } from "./Refused";

/** Where a request would go now, and what would change if it asked otherwise. */
export default function DryRunPage() {
  const [search, change] = useSearchParams();
  const draft = useMemo(() => readDraft(search), [search]);
  const body = useMemo(() => requestOf(draft), [draft]);
  const queries = useQueryClient();
  const { data, error, isPending, isFetching, refetch } = useQuery(dryRunQuery(queries, body));
  const set = (next: Draft) => change(writeDraft(next), true);
  return (
    <Page
      title="Routing explained"
      scope="Where a request would go now. It is sent nowhere and costs nothing."
      actions={body && <ApiCall method="POST" path="/routing/explain" body={body} />}
    >
      <div className="flex flex-col gap-x-10 gap-y-6 lg:flex-row">
        <DraftForm draft={draft} onChange={set} />
        <div className="min-w-0 flex-1">
          <Progress active={isFetching && !isPending} />
          {body === null ? (
            <NoModel />
          ) : error ? (
            <Refused error={error} draft={draft} onChange={set} onRetry={() => void refetch()} />
          ) : isPending || !data ? (
            <Loading label="Plan" rows={8} />
          ) : (
            <Plan draft={draft} asked={data.asked} routing={data.routing} onChange={set} />
          )}
        </div>
      </div>
    </Page>
  );
}

function NoModel() {
  return (
    <EmptyState title="Choose a model">
      You then see which endpoints could serve a request for it, in which order they would be tried,
      and why each of the others is left out. Change what the request prefers and see what that
      changes.
    </EmptyState>
  );
}

interface PlanProps {
  draft: Draft;
  /** What the plan is of: while another is on its way, not what the draft asks. */
  asked: object;
  routing: Routing;
  onChange: (draft: Draft) => void;
}

function Plan({ draft, asked, routing, onChange }: PlanProps) {
  return (
    <>
      <Explained
        routing={routing}
        made={null}
        remedy={(why) => {
          const next = withoutCause(draft, why);
          return (
            next && (
              <Button size="sm" onClick={() => onChange(next)}>
                What if not?
              </Button>
            )
          );
        }}
        actions={
          <CopyButton
            label="Explanation"
            value={explainedText(`A request for ${draft.model}`, routing, null)}
            text="Copy as text"
          />
        }
      />
      <Changed asked={JSON.stringify(asked)} routing={routing} model={draft.model} />
      <Inputs routing={routing} record={null} />
    </>
  );
}

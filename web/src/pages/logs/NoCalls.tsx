import { useQuery } from "@tanstack/react-query";
import { apiBase } from "~/api/base";
import { modelsQuery } from "~/api/catalogue";
import { Button } from "~/components/Button";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { EmptyState } from "~/components/EmptyState";
import { countTerms } from "~/url/filters";
import type { View } from "./view";

interface NoCallsProps {
  view: View;
  /** Older records have not been looked at yet. */
  searching: boolean;
  onMore: () => void;
}

/** What stands where no call matches, or none was made yet. */
export function NoCalls({ view, searching, onMore }: NoCallsProps) {
  const { filters, setFilters, range } = view;
  if (searching) {
    return (
      <EmptyState
        title="Nothing found so far"
        action={<Button onClick={onMore}>Look further back</Button>}
      >
        The newest records of this range don't match. Older ones have not been looked at yet.
      </EmptyState>
    );
  }
  if (countTerms(filters) > 0) {
    return (
      <EmptyState title="No calls match" onClear={() => setFilters({})}>
        Take one of the filters above away, or look at a longer range.
      </EmptyState>
    );
  }
  const month = range.range.kind === "named" && range.range.name === "30d";
  return (
    <EmptyState
      title="No calls in this range"
      action={
        !month && (
          <Button onClick={() => range.setRange({ kind: "named", name: "30d" })}>
            Last 30 days
          </Button>
        )
      }
      more={view.openEnded && <FirstCall />}
    >
      Every call to a model is listed here the moment it ends: who made it, which provider answered,
      what it took and what it cost.
    </EmptyState>
  );
}

function FirstCall() {
  const { data: models = [] } = useQuery(modelsQuery);
  const model = models.find(({ id }) => id === "tollgate/echo") ?? models[0];
  return (
    <>
      <p className="pb-2 text-muted">Make one, and it appears here by itself:</p>
      <CodeTabs
        samples={chatSamples({
          baseUrl: apiBase(),
          apiKey: "$TOLLGATE_API_KEY",
          model: model?.id ?? "tollgate/echo",
        })}
      />
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { apiBase } from "~/api/base";
import { healthQuery } from "~/api/health";
import { useNarrow } from "~/app/media";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { Loading, Progress } from "~/components/Loading";
import { Page } from "~/components/Page";
import { Switch } from "~/components/Switch";
import { Time } from "~/components/Time";
import { flag, text, useOpen, useSearchParams, useUrlState } from "~/url/state";
import { EndpointSheet } from "./EndpointSheet";
import { EndpointList, MatrixTable } from "./MatrixTable";
import { judged, matrixOf, summary, troubled, worstFirst } from "./matrix";

/** While the page is in sight; the query client asks nothing for a hidden one. */
const REFRESH_MS = 10_000;
const TICK_MS = 1_000;

const TEXT = text();
const ALL = flag();

/** How the endpoints are doing that calls go to. */
export default function HealthPage() {
  const narrow = useNarrow();
  const [, change] = useSearchParams();
  const [model, setModel] = useUrlState("model", TEXT);
  const [provider, setProvider] = useUrlState("provider", TEXT);
  const [wanted, setWanted] = useUrlState("q", TEXT);
  const [onlyTroubled, setOnlyTroubled] = useUrlState("trouble", ALL);
  const [open, setOpen] = useOpen();
  const { data, error, isPending, isFetching, refetch, dataUpdatedAt } = useQuery({
    ...healthQuery(model || undefined),
    refetchInterval: REFRESH_MS,
    refetchIntervalInBackground: false,
  });
  const counting = data?.some((one) => one.open_for_ms !== null || one.cooling_for_ms !== null);
  const since = useSince(dataUpdatedAt, counting ?? false);
  const all = useMemo(() => (data ?? []).map((one) => judged(one, since)), [data, since]);
  const shown = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    const here = all.filter(
      ({ slug, health }) =>
        (provider === "" || slug === provider) &&
        `${health.model_id} ${health.provider_name}`.toLowerCase().includes(text),
    );
    return onlyTroubled ? troubled(here) : here;
  }, [all, provider, wanted, onlyTroubled]);
  const clear = () => change({ provider: undefined, q: undefined, trouble: undefined });
  return (
    <Page
      title="Health"
      scope={
        data && (
          <>
            since the gateway was started, as of <Time at={new Date(dataUpdatedAt)} short />
          </>
        )
      }
      actions={
        <ApiCall method="GET" path="/routing/health" query={{ model: model || undefined }} />
      }
      filters={
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <input
            type="search"
            aria-label="Find a model or provider"
            placeholder="Find a model or provider"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            className={`${CONTROL} max-w-72`}
          />
          <Switch label="Only in trouble" checked={onlyTroubled} onChange={setOnlyTroubled} />
          {model !== "" && <Button onClick={() => setModel("")}>{model} ×</Button>}
          {provider !== "" && <Button onClick={() => setProvider("")}>{provider} ×</Button>}
        </div>
      }
    >
      <Progress active={isFetching && !isPending} />
      {isPending && <Loading label="Endpoints" rows={8} />}
      {error && !data && (
        <ErrorPanel what="The health of endpoints can't be read" error={error} onRetry={refetch} />
      )}
      {data?.length === 0 && <NothingYet model={model} />}
      {all.length > 0 && (
        <>
          <p className="mb-3 text-read">{summary(all)}</p>
          {shown.length === 0 ? (
            <EmptyState
              title={onlyTroubled ? "Nothing is in trouble" : "No endpoint matches"}
              onClear={clear}
            />
          ) : narrow ? (
            <EndpointList endpoints={[...shown].sort(worstFirst)} onOpen={setOpen} />
          ) : (
            <MatrixTable matrix={matrixOf(shown)} onOpen={setOpen} />
          )}
        </>
      )}
      <EndpointSheet
        endpoint={all.find(({ health }) => health.endpoint_id === open) ?? null}
        onClose={() => setOpen(null)}
      />
    </Page>
  );
}

/** How many milliseconds ago something was, to the second; it stands still while nothing counts down. */
function useSince(at: number, counting: boolean): number {
  const [since, setSince] = useState(0);
  useEffect(() => {
    setSince(0);
    if (!counting) return;
    const timer = setInterval(() => {
      setSince(Math.floor((Date.now() - at) / TICK_MS) * TICK_MS);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [at, counting]);
  return since;
}

function NothingYet({ model }: { model: string }) {
  return (
    <EmptyState
      title={model === "" ? "No endpoint has been called yet" : `No endpoint serves ${model} here`}
      more={
        <CodeTabs
          samples={chatSamples({
            baseUrl: apiBase(),
            apiKey: "$TOLLGATE_API_KEY",
            model: model || "tollgate/prose",
          })}
        />
      }
    >
      Each call shows how the endpoint is doing that it goes to: whether it answers, how fast, and
      whether it is left alone for a while. This is kept since the gateway was started.
    </EmptyState>
  );
}

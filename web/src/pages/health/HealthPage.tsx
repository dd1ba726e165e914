import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { apiBase } from "~/api/base";
import { endpointHistoryQuery, type HistoryRange } from "~/api/endpoint-history";
import { healthQuery } from "~/api/health";
import { providerOf } from "~/api/model-names";
import { useNarrow } from "~/app/media";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { lengthWords } from "~/components/health/steps";
import { Loading, Progress } from "~/components/Loading";
import { Page, Section } from "~/components/Page";
import { Select } from "~/components/Select";
import { Switch } from "~/components/Switch";
import { Time } from "~/components/Time";
import { flag, oneOf, text, useOpen, useSearchParams, useUrlState } from "~/url/state";
import { EndpointSheet } from "./EndpointSheet";
import { Incidents } from "./Incidents";
import { modelOf } from "./incidents";
import { EndpointList, MatrixTable } from "./MatrixTable";
import { judged, matrixOf, summary, troubled, worstFirst } from "./matrix";

/** While the page is in sight; the query client asks nothing for a hidden one. */
const REFRESH_MS = 10_000;
const TICK_MS = 1_000;

const TEXT = text();
const ALL = flag();
const RANGE = oneOf<HistoryRange>(["24h", "7d", "30d"], "24h");
const RANGES = [
  { value: "24h", label: "Last 24 hours" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
] as const;

/** How the endpoints are doing that calls go to. */
export default function HealthPage() {
  const narrow = useNarrow();
  const [, change] = useSearchParams();
  const [model, setModel] = useUrlState("model", TEXT);
  const [provider, setProvider] = useUrlState("provider", TEXT);
  const [wanted, setWanted] = useUrlState("q", TEXT);
  const [onlyTroubled, setOnlyTroubled] = useUrlState("trouble", ALL);
  const [range, setRange] = useUrlState("range", RANGE);
  const [open, setOpen] = useOpen();
  const history = useQuery(endpointHistoryQuery({ range, model: model || undefined }));
  const { data, error, isPending, isFetching, refetch, dataUpdatedAt } = useQuery({
    ...healthQuery(model || undefined),
    refetchInterval: REFRESH_MS,
    refetchIntervalInBackground: false,
  });
  const counting = data?.some((one) => one.open_for_ms !== null || one.cooling_for_ms !== null);
  const since = useSince(dataUpdatedAt, counting ?? false);
  const all = useMemo(() => (data ?? []).map((one) => judged(one, since)), [data, since]);
  const shown = useMemo(() => {
    const here = all.filter(({ slug, health }) =>
      fits(slug, health.model_id, health.provider_name, { provider, wanted }),
    );
    return onlyTroubled ? troubled(here) : here;
  }, [all, provider, wanted, onlyTroubled]);
  const incidents = useMemo(
    () =>
      history.data?.incidents.filter((one) =>
        fits(providerOf(one.endpoint_id), modelOf(one), one.provider_name, { provider, wanted }),
      ) ?? [],
    [history.data, provider, wanted],
  );
  // What the gateways remember may be older than what they know of now, and than what is looked at.
  const ever = useQuery({
    ...endpointHistoryQuery({ range: "30d", model: model || undefined }),
    enabled: data?.length === 0,
  });
  const nothingYet = data?.length === 0 && !ever.isPending && !ever.data?.endpoints.length;
  const clear = () => change({ provider: undefined, q: undefined, trouble: undefined });
  return (
    <Page
      title="Health"
      scope={
        data && (
          <>
            as of <Time at={new Date(dataUpdatedAt)} short />
          </>
        )
      }
      actions={
        <ApiCall
          method="GET"
          path="/routing/health"
          query={{ model: model || undefined }}
          and={{
            method: "GET",
            path: "/routing/history",
            query: { range, model: model || undefined },
          }}
        />
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
          <div className="w-36">
            <Select label="Time" options={RANGES} value={range} onChange={setRange} />
          </div>
          <Switch label="Only in trouble" checked={onlyTroubled} onChange={setOnlyTroubled} />
          {model !== "" && <Button onClick={() => setModel("")}>{model} ×</Button>}
          {provider !== "" && <Button onClick={() => setProvider("")}>{provider} ×</Button>}
        </div>
      }
    >
      <Progress active={(isFetching && !isPending) || (history.isFetching && !history.isPending)} />
      {isPending && <Loading label="Endpoints" rows={8} />}
      {error && !data && (
        <ErrorPanel what="The health of endpoints can't be read" error={error} onRetry={refetch} />
      )}
      {nothingYet && <NothingYet model={model} />}
      {data?.length === 0 && ever.data && !nothingYet && (
        <p className="text-read">No endpoint was called in the last day.</p>
      )}
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
      {!nothingYet && (
        <div className="mt-8">
          <Section
            title={`Incidents in ${lengthWords(history.data?.range ?? range)}`}
            hint="quarters of an hour in which fewer than 80 % of at least 5 attempts succeeded"
          >
            {history.data ? (
              <Incidents history={history.data} incidents={incidents} onOpen={setOpen} />
            ) : history.error ? (
              <ErrorPanel
                what="Incidents can't be read"
                error={history.error}
                onRetry={history.refetch}
              />
            ) : (
              <Loading label="Incidents" rows={3} />
            )}
          </Section>
        </div>
      )}
      <EndpointSheet
        id={open}
        endpoint={all.find(({ health }) => health.endpoint_id === open)}
        history={history.data}
        onClose={() => setOpen(null)}
      />
    </Page>
  );
}

interface Chosen {
  provider: string;
  wanted: string;
}

function fits(slug: string, model: string, name: string | null, { provider, wanted }: Chosen) {
  const text = wanted.trim().toLowerCase();
  return (
    (provider === "" || slug === provider) &&
    `${model} ${name ?? slug}`.toLowerCase().includes(text)
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
      whether it is left alone for a while. How it did is kept for a month.
    </EmptyState>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ListFilter } from "lucide-react";
import { useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { providersQuery } from "~/api/catalogue";
import { usableModelsQuery } from "~/api/model-queries";
import { may } from "~/api/session";
import { useMedia } from "~/app/media";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { ColumnChooser } from "~/components/ColumnChooser";
import { useChosenColumns } from "~/components/chosen-columns";
import { parseSort, sortText } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { Page } from "~/components/Page";
import { whole } from "~/format";
import { useShortcuts } from "~/keyboard/shortcuts";
import { list, text, useSearchParams, useUrlState } from "~/url/state";
import { CHOOSABLE, modelColumns } from "./columns";
import { Compare } from "./compare/Compare";
import { FacetPanel } from "./FacetPanel";
import {
  apiQuery,
  type Facets,
  facetCount,
  facetSearch,
  facetsOf,
  NO_FACETS,
  qualifying,
  sorted,
} from "./facets";
import { CALLS_MIN, type ModelUses, usageOf30Days } from "./use";
import { modelUsesQuery } from "./uses-query";

/** So many are side by side at most: more don't fit beside each other. */
export const COMPARED_MAX = 4;

const SORT = text("-created");
const NO_USES: ModelUses = new Map();

/** The models that can be called, or some of them side by side. */
export default function ModelsPage() {
  const [compared, setCompared] = useUrlState("compare", list);
  if (compared.length > 0) {
    return <Compare ids={compared.slice(0, COMPARED_MAX)} onChange={setCompared} />;
  }
  return <ModelList />;
}

function ModelList() {
  const session = useSession();
  const navigate = useNavigate();
  const wide = useMedia("(min-width: 1100px)");
  const [search, change] = useSearchParams();
  const facets = useMemo(() => facetsOf(search), [search]);
  const [sortBy, setSortBy] = useUrlState("sort", SORT);
  const [ticked, setTicked] = useState<string[]>([]);
  const [unfolded, setUnfolded] = useState(false);
  const panel = useId();
  const field = useRef<HTMLInputElement>(null);
  const { mine, provider } = facets;
  const models = useQuery(usableModelsQuery({ mine, providers: provider }));
  const providers = useQuery(providersQuery);
  const [now] = useState(() => new Date());
  const uses = useQuery({ ...modelUsesQuery(now), enabled: may(session, "usage") });
  const used = uses.data ?? NO_USES;
  const [chosen, setChosen] = useChosenColumns(CHOOSABLE);
  const all = models.data ?? [];
  const asked = useDeferredValue(facets);
  const sort = useMemo(
    () => parseSort(sortBy) ?? { column: "created", descending: true },
    [sortBy],
  );
  const rows = useMemo(() => sorted(qualifying(all, asked), sort, used), [all, asked, sort, used]);
  const set = (part: Partial<Facets>) => change(facetSearch(part));
  const columns = useMemo(
    () =>
      modelColumns(
        {
          ticked,
          max: COMPARED_MAX,
          onTick: (id) =>
            setTicked((before) =>
              before.includes(id) ? before.filter((one) => one !== id) : [...before, id],
            ),
        },
        used,
        chosen,
      ),
    [ticked, used, chosen],
  );
  useShortcuts([
    {
      keys: "/",
      label: "Find a model",
      group: "Models",
      run: () => field.current?.focus(),
    },
  ]);
  const count = facetCount(facets);
  const bounded = count > 0 || facets.q !== "";
  const showing = wide || unfolded;
  const facetPanel = (
    <FacetPanel models={all} providers={providers.data ?? []} facets={facets} onChange={set} />
  );
  return (
    <Page
      title="Models"
      scope={
        models.data &&
        (bounded
          ? `${whole(rows.length)} of ${whole(all.length)} that can be called`
          : `${whole(all.length)} that can be called, prices per million tokens`)
      }
      actions={
        <>
          <ApiCall
            method="GET"
            path={mine ? "/models/user" : "/models"}
            query={apiQuery(facets)}
            {...(used.size > 0
              ? { and: { method: "POST", path: "/analytics/query", body: usageOf30Days(now) } }
              : {})}
          />
          {wide && <ColumnChooser of={CHOOSABLE} chosen={chosen} onChange={setChosen} />}
        </>
      }
      filters={
        <div className="flex flex-wrap items-center gap-2">
          <input
            ref={field}
            type="search"
            aria-label="Find a model"
            placeholder="Find a model by name or id"
            value={facets.q}
            onChange={(event) => set({ q: event.target.value })}
            className={`${CONTROL} max-w-96 min-w-40 flex-1`}
          />
          {!wide && (
            <Button
              aria-expanded={unfolded}
              aria-controls={panel}
              onClick={() => setUnfolded(!unfolded)}
              icon={<ListFilter aria-hidden className="size-4" />}
            >
              Filters{count > 0 && ` (${whole(count)})`}
            </Button>
          )}
          <Tray ticked={ticked} onClear={() => setTicked([])} />
        </div>
      }
    >
      {models.error && !models.data ? (
        <ErrorPanel
          what="The models can't be listed"
          error={models.error}
          onRetry={models.refetch}
        />
      ) : (
        <div className="flex min-h-0 flex-1 flex-col gap-6 lg:flex-row">
          {showing && (
            <aside
              id={panel}
              aria-label="Filters"
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
              tabIndex={0}
              className="shrink-0 lg:w-48 lg:overflow-y-auto lg:pr-2"
            >
              {facetPanel}
            </aside>
          )}
          <div className="flex min-h-80 min-w-0 flex-1 flex-col">
            <DataTable
              label="Models"
              rows={rows}
              columns={columns}
              rowKey={idOf}
              onOpen={(id) => id && void navigate({ to: `/${id}` })}
              sort={sort}
              onSort={(next) => setSortBy(sortText(next))}
              loading={models.isPending}
              refreshing={models.isFetching}
              empty={
                bounded ? (
                  <EmptyState title="No model matches" onClear={() => set(NO_FACETS)}>
                    Models that no key reaches are not listed.
                  </EmptyState>
                ) : (
                  <EmptyState title="No model can be called yet">
                    A key at a provider brings its models here.
                  </EmptyState>
                )
              }
            />
            {wide && used.size > 0 && (
              <p className="pt-2 text-muted">
                TTFT, speed, uptime and spend are those of your calls in the last 30 days; uptime is
                the share that didn't fail. With fewer than {whole(CALLS_MIN)} calls there is a
                dash.
              </p>
            )}
            {may(session, "own_keys", "write") && (
              <p className="pt-2 text-muted">
                Only models that a key reaches are listed.{" "}
                <Link to="/providers" className="text-accent underline">
                  Add a provider
                </Link>{" "}
                for more.
              </p>
            )}
          </div>
        </div>
      )}
    </Page>
  );
}

const idOf = (model: { id: string }) => model.id;

/** What is ticked, on its way to be compared. */
function Tray({ ticked, onClear }: { ticked: readonly string[]; onClear: () => void }) {
  const navigate = useNavigate();
  if (ticked.length === 0) return null;
  return (
    <div className="ml-auto flex items-center gap-2">
      <span role="status" className="text-muted">
        {ticked.length === 1 ? "1 model: tick another" : `${whole(ticked.length)} models`}
      </span>
      <Button variant="quiet" onClick={onClear}>
        Clear
      </Button>
      <Button
        variant="primary"
        disabled={ticked.length < 2}
        onClick={() => void navigate({ to: "/models", search: { compare: ticked.join(",") } })}
      >
        Compare
      </Button>
    </div>
  );
}

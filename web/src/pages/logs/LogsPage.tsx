import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type LogFacetField, type LogRow, logFacetsQuery, logHistogramQuery } from "~/api/logs";
import { useNarrow } from "~/app/media";
import { ApiCall } from "~/components/ApiCall";
import { ColumnChooser } from "~/components/ColumnChooser";
import { useChosenColumns } from "~/components/chosen-columns";
import { classes } from "~/components/classes";
import { ErrorPanel } from "~/components/ErrorPanel";
import { FilterBar } from "~/components/FilterBar";
import { Page } from "~/components/Page";
import { RangePicker, rangeWords } from "~/components/RangePicker";
import { SavedViews } from "~/components/SavedViews";
import { Status } from "~/components/Status";
import { Switch } from "~/components/Switch";
import { Tabs } from "~/components/Tabs";
import { NARROW, quantity, zoneName } from "~/format";
import { useShortcuts } from "~/keyboard/shortcuts";
import { flag, useUrlState } from "~/url/state";
import { HEIGHT } from "./bars";
import { CHOOSABLE } from "./columns";
import { Errors } from "./Errors";
import { ExportMenu } from "./ExportMenu";
import { FacetMenus } from "./FacetMenus";
import { Histogram } from "./Histogram";
import { useLogList } from "./list";
import { useLive } from "./live";
import { merged, type Totals, totalsOf, withLive } from "./merge";
import { NewCallsTold, Requests } from "./Requests";
import { FIELDS, useView, type View } from "./view";
import { keyWords } from "./words";

const FOLLOW = flag(false);
/** The line of times below the histogram, in pixels. */
const ENDS = 18;
const FACETS: readonly string[] = ["model", "provider", "key", "user", "app", "status"];

export default function LogsPage() {
  const view = useView();
  const { tab, openEnded, query, filterMembers } = view;
  const [follow, setFollow] = useUrlState("follow", FOLLOW);
  const [top, setTop] = useState(true);
  const [columns, setColumns] = useChosenColumns(CHOOSABLE);
  const narrow = useNarrow();
  const listed = useRef<readonly LogRow[] | undefined>(undefined);
  const missed = useRef<() => void>(undefined);
  const streamed = openEnded && tab === "requests";
  const live = useLive({
    filters: filterMembers,
    from: query.from ?? "",
    enabled: streamed,
    direct: follow && top,
    listed,
    onMissed: () => missed.current?.(),
  });
  const ready = live.ready || !streamed;
  const list = useLogList(query, ready && tab === "requests");
  const counts = useQuery({
    ...logHistogramQuery(query),
    enabled: ready,
    refetchOnWindowFocus: false,
  });
  const { refetch } = counts;
  const { again } = list;
  const refresh = useCallback(() => {
    again();
    void refetch();
  }, [again, refetch]);
  useEffect(() => {
    listed.current = list.current ? list.rows : undefined;
    missed.current = refresh;
  });
  const rows = useMemo(() => merged(live.shown, list.rows), [live.shown, list.rows]);
  const histogram = useMemo(
    () => counts.data && withLive(counts.data, live.shown),
    [counts.data, live.shown],
  );
  // Of another range they would stand beside the name of this one.
  const totals = histogram && !counts.isPlaceholderData ? totalsOf(histogram.data) : undefined;
  const about = (histogram?.coverage.one_in ?? 1) > 1;
  const labelOf = (field: string, value: string) => {
    if (field !== "key") return undefined;
    const row = rows.find(({ key_hash }) => key_hash === value);
    return row ? keyWords(row) : `${value.slice(0, 8)}…`;
  };

  useShortcuts([
    {
      keys: "f",
      label: "Follow",
      group: "Log",
      run: () => openEnded && setFollow(!follow),
    },
    { keys: "r", label: "Read again", group: "Log", run: refresh },
  ]);

  return (
    <Page
      title="Logs"
      scope={<Scope view={view} totals={totals} about={about} />}
      actions={
        <>
          <ApiCall method="GET" path={tab === "errors" ? "/logs/errors" : "/logs"} query={query} />
          <ExportMenu query={query} />
          {tab === "requests" && !narrow && (
            <ColumnChooser of={CHOOSABLE} chosen={columns} onChange={setColumns} />
          )}
        </>
      }
      filters={
        <div className="flex flex-col gap-1.5">
          <FilterBar
            filters={view.filters}
            onChange={view.setFilters}
            fields={FIELDS}
            suggest={useSuggest(query)}
            scope={query}
            labelOf={labelOf}
            actions={
              <>
                {tab === "requests" && (
                  <Follow
                    follow={follow}
                    onChange={setFollow}
                    possible={openEnded}
                    broken={live.state === "waiting" || live.state === "stopped"}
                  />
                )}
                <SavedViews page="logs" />
              </>
            }
          >
            <RangePicker state={view.range} />
          </FilterBar>
          <FacetMenus view={view} />
        </div>
      }
    >
      <div className="mb-2" style={{ minHeight: HEIGHT + ENDS }}>
        {counts.error && !histogram ? (
          <ErrorPanel
            what="Calls can't be counted"
            error={counts.error}
            onRetry={() => void counts.refetch()}
          />
        ) : (
          histogram && (
            <div
              className={classes(
                counts.isPlaceholderData && "opacity-50 transition-opacity delay-150",
              )}
            >
              <Histogram buckets={histogram.data} seconds={histogram.seconds} onZoom={view.zoom} />
            </div>
          )
        )}
      </div>
      <NewCallsTold count={live.waiting.length} />
      <Tabs
        label="Log"
        value={tab}
        onChange={view.setTab}
        tabs={[
          {
            value: "requests",
            label: "Requests",
            count: about ? undefined : totals?.all,
            panel: (
              <Requests
                view={view}
                list={list}
                rows={rows}
                columns={columns}
                total={totals?.all}
                waiting={live.waiting.length}
                onShow={live.show}
                onTop={setTop}
              />
            ),
          },
          {
            value: "errors",
            label: "Errors",
            count: about ? undefined : totals?.error,
            panel: <Errors view={view} />,
          },
        ]}
      />
    </Page>
  );
}

/** Values of a field with counts, as they are typed. Each field is asked for once. */
function useSuggest(query: Record<string, string>) {
  const queries = useQueryClient();
  return useCallback(
    async (field: string) => {
      if (!FACETS.includes(field)) return [];
      return (await queries.fetchQuery(logFacetsQuery(field as LogFacetField, query))).data;
    },
    [queries, query],
  );
}

interface ScopeProps {
  view: View;
  totals: Totals | undefined;
  about: boolean;
}

function Scope({ view, totals, about }: ScopeProps) {
  const { range } = view;
  const span = `${rangeWords(range)}, ${zoneName(range.zone)}`;
  if (!totals) return span;
  const all = `${about ? `about${NARROW}` : ""}${quantity(totals.all)}`;
  return (
    <>
      {span}: {all} {totals.all === 1 ? "call" : "calls"}
      {totals.error > 0 && `, ${quantity(totals.error)} failed`}
    </>
  );
}

interface FollowProps {
  follow: boolean;
  onChange: (follow: boolean) => void;
  /** Whether the range goes on. */
  possible: boolean;
  broken: boolean;
}

function Follow({ follow, onChange, possible, broken }: FollowProps) {
  if (!possible) return <span className="text-muted">This range has ended</span>;
  return (
    <>
      {broken && <Status tone="idle">Paused, reconnecting</Status>}
      <Switch label="Follow" checked={follow} onChange={onChange} />
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { usageQuery } from "~/api/analytics";
import { Button } from "~/components/Button";
import { ErrorPanel } from "~/components/ErrorPanel";
import { FilterBar } from "~/components/FilterBar";
import { Page } from "~/components/Page";
import { RangePicker } from "~/components/RangePicker";
import { SavedViews } from "~/components/SavedViews";
import { Tabs } from "~/components/Tabs";
import { Tooltip } from "~/components/Tooltip";
import { periodOf } from "~/components/usage/period";
import { filterField } from "~/url/filters";
import { type Codec, oneOf, useUrlState } from "~/url/state";
import { useFilters } from "~/url/use-filters";
import { useRange } from "~/url/use-range";
import { dimensionOf, fieldOf, USAGE_FIELDS, unsummed, usageFilters } from "./dimensions";
import { Explore } from "./Explore";
import { FirstCall } from "./FirstCall";
import { LogLink } from "./LogLink";
import { Overview } from "./Overview";
import { ever, totals } from "./questions";
import { Trends } from "./Trends";
import { useNames } from "./use-names";
import { scopeOf, suggestions, type View } from "./view";

const TAB = oneOf(["overview", "trends", "explore"] as const, "overview");
const REFRESH_MS = 60_000;
/** While the first call is waited for. */
const WATCH_MS = 5_000;
/** The address has the names of filters, questions have those of dimensions. */
const GROUP: Codec<string> = {
  read: (text) => dimensionOf(text ?? "model") ?? text ?? "model",
  write: (dimension) => (dimension === "model" ? undefined : (fieldOf(dimension) ?? dimension)),
};

export default function ActivityPage() {
  const [filters, setFilters] = useFilters();
  const range = useRange();
  const [tab, setTab] = useUrlState("tab", TAB);
  const [group, setGroup] = useUrlState("group", GROUP);
  const filtersBy = Object.keys(filters).flatMap((field) => dimensionOf(field) ?? []);
  const names = useNames([group, ...filtersBy, ...(tab === "trends" ? ["provider"] : [])]);
  const period = useMemo(
    () => periodOf(range.range, range.span, range.zone, new Date()),
    [range.range, range.span, range.zone],
  );
  const asked = useMemo(() => usageFilters(filters, names), [filters, names]);
  const view: View = { filters, setFilters, range, period, asked, names, group, setGroup };
  useFreshness(range.range.kind === "named", range.refresh);

  const sums = useQuery(usageQuery(totals(period, period.timed, asked)));
  const idle = sums.data !== undefined && Number(sums.data.rows[0]?.requests ?? 0) === 0;
  const everQuestion = useMemo(() => ever(period.to), [period.to]);
  const before = useQuery({
    ...usageQuery(everQuestion),
    queryKey: ["usage", "ever"],
    enabled: idle,
    refetchInterval: ({ state }) => (state.data?.rows.length === 0 ? WATCH_MS : false),
    placeholderData: undefined,
  });
  const never = idle && before.data?.rows.length === 0;
  useAfter(never, range.refresh);
  if (never) return <FirstCall />;

  return (
    <Page
      title="Activity"
      scope={scopeOf(view)}
      actions={
        <>
          <LogLink filters={filters} span={period} className="text-accent hover:underline">
            View logs
          </LogLink>
          <Tooltip text="Refresh">
            <Button
              variant="quiet"
              aria-label="Refresh"
              onClick={range.refresh}
              icon={<RotateCw aria-hidden className="size-4" />}
            />
          </Tooltip>
        </>
      }
      filters={
        <FilterBar
          filters={filters}
          onChange={setFilters}
          fields={USAGE_FIELDS}
          suggest={(field, text) => suggestions(view, field, text)}
          actions={<SavedViews page="activity" />}
        >
          <RangePicker state={range} />
        </FilterBar>
      }
    >
      <Unsummed view={view} />
      {sums.error && !sums.data ? (
        <ErrorPanel what="What was used can't be read" error={sums.error} onRetry={sums.refetch} />
      ) : (
        <Tabs
          label="Activity"
          value={tab}
          onChange={setTab}
          tabs={[
            {
              value: "overview",
              label: "Overview",
              panel: <Overview view={view} sums={sums.data} refreshing={sums.isFetching} />,
            },
            { value: "trends", label: "Trends", panel: <Trends view={view} /> },
            { value: "explore", label: "Explore", panel: <Explore view={view} /> },
          ]}
        />
      )}
    </Page>
  );
}

/** Filters that the log has and sums are not kept by: said, rather than passed over. */
function Unsummed({ view }: { view: View }) {
  const fields = unsummed(view.filters);
  if (fields.length === 0) return null;
  const words = fields.map((field) => (filterField(field)?.label ?? field).toLowerCase());
  return (
    <p role="note" className="mb-3 border-l-2 border-warn py-1 pl-4">
      These numbers are not narrowed by {words.join(", ")}: sums are not kept by that. The{" "}
      <LogLink filters={view.filters} span={view.period} className="text-accent underline">
        log
      </LogLink>{" "}
      is.
    </p>
  );
}

/** Does something once a state is over. */
function useAfter(state: boolean, run: () => void): void {
  const was = useRef(state);
  useEffect(() => {
    if (was.current && !state) run();
    was.current = state;
  }, [state, run]);
}

/** Has a range that ends now go along with the clock while somebody looks. */
function useFreshness(moving: boolean, refresh: () => void): void {
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") refresh();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [moving, refresh]);
}

import { keepPreviousData, skipToken, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { alertsQuery } from "~/api/alerts";
import { type Answered, type UsageMeta, usageMetaQuery, usageQuery } from "~/api/analytics";
import { providerKeysQuery } from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Chart } from "~/components/Chart";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading, Progress } from "~/components/Loading";
import { Select } from "~/components/Select";
import { metricText, sumText } from "~/components/usage/metric-text";
import { charted, groupOf } from "~/components/usage/series";
import { countTerms } from "~/url/filters";
import { oneOf, useUrlState } from "~/url/state";
import { Attention } from "./Attention";
import { countedBy, logSearch } from "./log-link";
import { METRICS, SHOWN, type Shown } from "./metrics";
import { overTime, ranked, totals } from "./questions";
import { Ranking } from "./Ranking";
import { Strip } from "./Strip";
import type { View } from "./view";

const METRIC = oneOf<Shown>(SHOWN, "usage");
const PER = { minute: "minute", hour: "hour", day: "day", week: "week" };

export interface OverviewProps {
  view: View;
  sums: Answered | undefined;
  refreshing: boolean;
}

/** What was spent and used, by whom, and how that compares. */
export function Overview({ view, sums, refreshing }: OverviewProps) {
  const { period, asked, group } = view;
  const [wanted, setMetric] = useUrlState("metric", METRIC);
  const metric = wanted === "latency_p50" && !period.timed ? "usage" : wanted;
  const { compared } = period;
  const now = useUsage(compared && totals(compared.now, compared.timed, asked));
  const before = useUsage(compared && totals(compared.before, compared.timed, asked));
  const quiet = sums !== undefined && sums.rows.length === 0;
  const { data: meta } = useQuery(usageMetaQuery);
  const session = useSession();
  const alerted = useQuery(alertsQuery(session));
  const givesKeys = session.everywhere && may(session, "own_keys", "write");
  const providers = useQuery({ ...providerKeysQuery, enabled: givesKeys, staleTime: 300_000 });
  const alertsComing = alerted.isLoading || providers.isLoading;
  const bare = providers.data?.every(({ source }) => source === null) ?? false;
  return (
    <div className="grid xl:grid-cols-[minmax(0,1fr)_auto]">
      {/* What it holds looks at how wide this is: beside what needs attention it is narrower. */}
      <div className="@container min-w-0">
        <Progress active={refreshing && sums !== undefined} />
        {sums && !alertsComing ? (
          <Strip
            view={view}
            metric={metric}
            onMetric={setMetric}
            sums={sums.rows[0]}
            now={now.data?.rows[0]}
            before={before.data?.rows[0]}
            comparable={compared !== null}
          />
        ) : (
          <Loading label="Sums" rows={2} rowHeight={compared ? 36 : 28} />
        )}
        <div className="flex flex-wrap items-center gap-2 pt-6 pb-2">
          <span aria-hidden className="text-muted">
            By
          </span>
          <div className="w-40">
            <Select
              label="By"
              value={group}
              onChange={view.setGroup}
              options={groupOptions(meta, group)}
            />
          </div>
          <div className="-mr-3 ml-auto">
            <ApiCall
              method="POST"
              path="/analytics/query"
              body={overTime(period, asked, group, metric)}
            />
          </div>
        </div>
        {quiet ? (
          <Nothing view={view} />
        ) : (
          <Groups view={view} metric={metric} title={titleOf(meta, group)} held={alertsComing} />
        )}
      </div>
      <Attention alerts={alerted.data ?? []} bare={bare} />
    </div>
  );
}

/** An answer, or none where there is nothing to ask. */
function useUsage(question: Parameters<typeof usageQuery>[0] | null) {
  return useQuery({
    ...usageQuery(question ?? { metrics: ["requests"] }),
    ...(question ? {} : { queryKey: ["usage", "nothing"], queryFn: skipToken }),
    placeholderData: question ? keepPreviousData : undefined,
  });
}

export function groupOptions(meta: UsageMeta | undefined, group: string) {
  const dimensions = meta?.dimensions ?? [{ name: group, display_label: group }];
  return dimensions.map(({ name, display_label }) => ({ value: name, label: display_label }));
}

const titleOf = (meta: UsageMeta | undefined, group: string) =>
  meta?.dimensions.find(({ name }) => name === group)?.display_label ?? group;

interface GroupsProps {
  view: View;
  metric: Shown;
  title: string;
  /** What stands beside them is on its way: drawn now they would jump when it comes. */
  held: boolean;
}

function Groups({ view, metric, title, held }: GroupsProps) {
  const { period, asked, group, names } = view;
  const { compared } = period;
  const course = useUsage(overTime(period, asked, group, metric));
  const table = useUsage(ranked(period, period.timed, asked, group, metric));
  const now = useUsage(compared && ranked(compared.now, compared.timed, asked, group, metric));
  const before = useUsage(
    compared && ranked(compared.before, compared.timed, asked, group, metric),
  );
  const { isRate, format, label } = METRICS[metric];
  const rows = table.data;
  const { times, series, groups } = useMemo(() => {
    if (!course.data || !rows) return { times: [], series: [], groups: [] };
    const shown = course.data.question.metrics[0] ?? metric;
    const order = rows.rows.map((row) => groupOf(row, rows.question.dimensions ?? []));
    const found = charted(course.data, shown, isRate, (one) => names.shown(group, one), order);
    if (shown !== "failed") return found;
    return { ...found, series: found.series.map((one) => ({ ...one, failures: true })) };
  }, [course.data, rows, metric, isRate, names, group]);
  const showCalls = useCallsOf(view, metric);
  const error = course.error ?? table.error;
  if (error && !(course.data && rows)) {
    const retry = () => void Promise.all([course.refetch(), table.refetch()]);
    return <ErrorPanel what="The chart can't be drawn" error={error} onRetry={retry} />;
  }
  if (held || !course.data || !rows) return <Loading label={label} rows={12} />;
  const largest = rows.rows[0];
  return (
    <>
      <Chart
        title={`${label} per ${PER[period.step]}`}
        summary={summaryOf(
          largest && names.shown(group, groupOf(largest, [group])),
          largest,
          metric,
        )}
        kind={isRate ? "lines" : "bars"}
        stacked={!isRate}
        times={times}
        series={series}
        format={(value) => metricText(value, format)}
        height={240}
        legend={false}
        zone={period.zone}
        sync="activity"
        onZoom={(from, to) => view.range.setRange({ kind: "fixed", from, to })}
        onPick={showCalls}
      />
      <Ranking
        view={view}
        title={title}
        metric={metric}
        answered={rows}
        now={now.data}
        before={before.data}
        series={series}
        groups={groups}
      />
    </>
  );
}

/** Leads from a bar to the calls that it counts: of failures to those that failed. */
function useCallsOf(view: View, metric: Shown): ((from: Date, to: Date) => void) | undefined {
  const session = useSession();
  const navigate = useNavigate();
  if (!may(session, "usage")) return undefined;
  return (from, to) =>
    void navigate({
      to: "/logs",
      search: logSearch(countedBy(view.filters, metric), { from, to }),
    });
}

function summaryOf(
  name: string | undefined,
  row: Answered["rows"][number] | undefined,
  metric: Shown,
): string {
  if (!name || !row) return "nothing";
  return `the largest is ${name} with ${sumText(row[metric], METRICS[metric].format)}`;
}

/** No calls in this time, or none that the filters leave. */
function Nothing({ view }: { view: View }) {
  if (countTerms(view.filters) === 0) {
    return (
      <EmptyState title="No calls in this time">
        Nobody called a model between these two times. Choose another range, or send a request.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No calls match these filters" onClear={() => view.setFilters({})}>
      In this time there were none that all of them leave.
    </EmptyState>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { type Answered, usageQuery } from "~/api/analytics";
import { ApiCall } from "~/components/ApiCall";
import { Chart, type Series } from "~/components/Chart";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading, Progress } from "~/components/Loading";
import { type Format, metricText } from "~/components/usage/metric-text";
import { charted, numberOf } from "~/components/usage/series";
import { whole } from "~/format";
import { LogLink } from "./LogLink";
import { failures, trends } from "./questions";
import type { View } from "./view";

interface Line {
  metric: string;
  label: string;
  line?: Series["line"];
}

interface Panel {
  title: string;
  format: Format;
  lines: readonly Line[];
  /** Whether it is known only as long as how long calls took is. */
  timed: boolean;
}

const PANELS: readonly Panel[] = [
  {
    title: "Time to first token",
    format: "latency",
    timed: true,
    lines: [
      { metric: "latency_p50", label: "p50", line: "solid" },
      { metric: "latency_p95", label: "p95", line: "thin" },
    ],
  },
  {
    title: "Duration",
    format: "latency",
    timed: true,
    lines: [
      { metric: "generation_time_p50", label: "p50", line: "solid" },
      { metric: "generation_time_p95", label: "p95", line: "thin" },
    ],
  },
  {
    title: "Tokens per second",
    format: "throughput",
    timed: true,
    lines: [{ metric: "throughput", label: "All calls", line: "solid" }],
  },
  {
    title: "Requests with a fallback",
    format: "percent",
    timed: false,
    lines: [{ metric: "fallback_rate", label: "More than one endpoint tried", line: "solid" }],
  },
  {
    title: "Answers told again",
    format: "percent",
    timed: false,
    lines: [{ metric: "cache_hit_rate", label: "From this gateway's cache", line: "solid" }],
  },
];

const SHARED = "trends";
const HEIGHT = 160;

/** How fast and how well calls went: small charts on one time axis. */
export function Trends({ view }: { view: View }) {
  const { period, asked } = view;
  const question = useMemo(() => trends(period, asked), [period, asked]);
  const perProvider = useMemo(() => failures(period, asked), [period, asked]);
  const all = useQuery(usageQuery(question));
  const failed = useQuery(usageQuery(perProvider));
  const error = all.error ?? failed.error;
  if (error && !(all.data && failed.data)) {
    const retry = () => void Promise.all([all.refetch(), failed.refetch()]);
    return <ErrorPanel what="The trends can't be drawn" error={error} onRetry={retry} />;
  }
  if (!all.data || !failed.data) return <Loading label="Trends" rows={12} />;
  if (all.data.rows.length === 0) {
    return (
      <EmptyState title="No calls in this time" onClear={clearing(view)}>
        Where nobody called there is nothing to measure.
      </EmptyState>
    );
  }
  const calls = all.data.rows.reduce((sum, row) => sum + (numberOf(row, "requests") ?? 0), 0);
  return (
    <>
      <Progress active={all.isFetching || failed.isFetching} />
      <div className="flex flex-wrap items-center gap-3 pb-3">
        <p className="text-muted">
          Of{" "}
          <LogLink filters={view.filters} span={period} className="text-text underline">
            {whole(calls)} calls
          </LogLink>
          . Percentiles are those of all calls of a step, exact to a quarter.
        </p>
        <span className="ml-auto" />
        <ApiCall method="POST" path="/analytics/query" body={question} />
      </div>
      {!period.timed && (
        <p className="pb-3 text-muted">How long calls took is known for the last 93 days only.</p>
      )}
      <div className="grid gap-x-10 gap-y-8 lg:grid-cols-2">
        {PANELS.filter(({ timed }) => period.timed || !timed).map((panel) => (
          <Lines key={panel.title} view={view} panel={panel} answered={all.data} />
        ))}
        <Failures view={view} answered={failed.data} />
        <Cached view={view} answered={all.data} />
      </div>
    </>
  );
}

const clearing = (view: View) =>
  Object.keys(view.filters).length > 0 ? { onClear: () => view.setFilters({}) }.onClear : undefined;

interface PanelProps {
  view: View;
  answered: Answered;
}

function Lines({ view, panel, answered }: PanelProps & { panel: Panel }) {
  const { times, series } = useMemo(() => {
    const each = panel.lines.map(({ metric, label, line }) => {
      const { times: at, series: found } = charted(answered, metric, true, () => label);
      return { at, one: { label, values: found[0]?.values ?? [], color: 1 as const, line } };
    });
    return { times: each[0]?.at ?? [], series: each.map(({ one }) => one) };
  }, [answered, panel]);
  return (
    <Chart
      title={panel.title}
      summary={lastOf(series, panel.format)}
      times={times}
      series={series}
      format={(value) => metricText(value, panel.format)}
      height={HEIGHT}
      sync={SHARED}
      zone={view.period.zone}
      onZoom={(from, to) => view.range.setRange({ kind: "fixed", from, to })}
    />
  );
}

/** What the last known values are, in words. */
function lastOf(series: readonly Series[], format: Format): string {
  const words = series.map(({ label, values }) => {
    const last = values.findLast((value) => value !== null);
    return `${label} ${metricText(last, format)}`;
  });
  return `last ${words.join(", ")}`;
}

function Failures({ view, answered }: PanelProps) {
  const { names } = view;
  const { times, series } = useMemo(() => {
    const found = charted(answered, "error_rate", true, (one) => names.shown("provider", one));
    return { ...found, series: found.series.map((one) => ({ ...one, line: "solid" as const })) };
  }, [answered, names]);
  return (
    <div className="min-w-0">
      <Chart
        title="Error rate by provider"
        summary={lastOf(series, "percent")}
        times={times}
        series={series}
        format={(value) => metricText(value, "percent")}
        height={HEIGHT}
        sync={SHARED}
        zone={view.period.zone}
        onZoom={(from, to) => view.range.setRange({ kind: "fixed", from, to })}
      />
      <p className="pt-1 text-label text-muted">
        A call counts for the provider that answered it. Calls that failed at all of them stand
        under “{names.shown("provider", "")}”, beside those told again from the cache; how often
        each provider fails is under{" "}
        <Link to="/status" className="underline">
          Health
        </Link>
        .
      </p>
    </div>
  );
}

/** The tokens that were read, and how many of them providers had cached. */
function Cached({ view, answered }: PanelProps) {
  const { times, series } = useMemo(() => {
    const prompt = charted(answered, "prompt_tokens", false, () => "Read");
    const cached = charted(answered, "cached_tokens", false, () => "Cached");
    const whole = prompt.series[0]?.values ?? [];
    const part = cached.series[0]?.values ?? [];
    const anew = whole.map((value, at) => (value === null ? null : value - (part[at] ?? 0)));
    return {
      times: prompt.times,
      series: [
        { label: "From a provider's cache", values: part, color: 1 as const },
        { label: "Read anew", values: anew, color: "other" as const },
      ],
    };
  }, [answered]);
  return (
    <Chart
      title="Prompt tokens"
      summary={lastOf(series, "number")}
      kind="bars"
      stacked
      times={times}
      series={series}
      format={(value) => metricText(value, "number")}
      height={HEIGHT}
      sync={SHARED}
      zone={view.period.zone}
      onZoom={(from, to) => view.range.setRange({ kind: "fixed", from, to })}
    />
  );
}

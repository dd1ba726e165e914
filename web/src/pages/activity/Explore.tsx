import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import {
  type Answered,
  type Granularity,
  type Question,
  type UsageMeta,
  usageMetaQuery,
  usageQuery,
} from "~/api/analytics";
import { ApiCall } from "~/components/ApiCall";
import { Chart } from "~/components/Chart";
import { ChartTable } from "~/components/chart/ChartTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading, Progress } from "~/components/Loading";
import { Select } from "~/components/Select";
import { metricText } from "~/components/usage/metric-text";
import { timeRange } from "~/components/usage/period";
import { charted } from "~/components/usage/series";
import { dateTime } from "~/format";
import { oneOf, text, useUrlState } from "~/url/state";
import { groupOptions } from "./Overview";
import { GROUPS_SHOWN } from "./questions";
import type { View } from "./view";

const LOOKS = ["bars", "lines", "table"] as const;
const LOOK = oneOf(LOOKS, "bars");
const LOOK_OPTIONS = [
  { value: "bars", label: "Bars" },
  { value: "lines", label: "Lines" },
  { value: "table", label: "Table" },
] as const;
const MEASURE = text("usage");
const SUBGROUP = text("");
const ROLL = oneOf(["", "minute", "hour", "day", "week", "month"] as const, "");
const HEIGHT = 320;

/** Any metric, by one or two groups, in steps of any length, as any chart. */
export function Explore({ view }: { view: View }) {
  const meta = useQuery(usageMetaQuery);
  if (meta.error && !meta.data) {
    const retry = () => void meta.refetch();
    return <ErrorPanel what="What can be asked is not known" error={meta.error} onRetry={retry} />;
  }
  if (!meta.data) return <Loading label="Explore" rows={12} />;
  return <Explorer view={view} meta={meta.data} />;
}

function Explorer({ view, meta }: { view: View; meta: UsageMeta }) {
  const [measure, setMeasure] = useUrlState("measure", MEASURE);
  const [subgroup, setSubgroup] = useUrlState("sub", SUBGROUP);
  const [roll, setRoll] = useUrlState("roll", ROLL);
  const [look, setLook] = useUrlState("look", LOOK);
  const { period, asked, group, names } = view;
  const metric = meta.metrics.find(({ name }) => name === measure) ?? meta.metrics[0];
  const second = subgroup !== group && meta.dimensions.some(({ name }) => name === subgroup);
  const dimensions = useMemo(
    () => (second ? [group, subgroup] : [group]),
    [second, group, subgroup],
  );
  const granularity: Granularity = roll === "" ? period.step : roll;
  const question = useMemo(
    (): Question => ({
      metrics: [metric?.name ?? "usage"],
      dimensions,
      granularity,
      time_range: timeRange(period),
      group_limit: GROUPS_SHOWN,
      ...(asked.length > 0 ? { filters: asked } : {}),
    }),
    [metric, dimensions, granularity, period, asked],
  );
  const { data, error, isFetching, refetch } = useQuery(usageQuery(question));
  const groups = groupOptions(meta, group);
  return (
    <>
      <Progress active={isFetching && data !== undefined} />
      <div className="grid grid-cols-2 items-end gap-x-3 gap-y-2 pb-4 md:flex md:flex-wrap">
        <Choice label="Metric">
          <Select
            label="Metric"
            value={metric?.name ?? ""}
            onChange={setMeasure}
            options={meta.metrics.map(({ name, display_label }) => ({
              value: name,
              label: display_label,
            }))}
          />
        </Choice>
        <Choice label="By">
          <Select label="By" value={group} onChange={view.setGroup} options={groups} />
        </Choice>
        <Choice label="And by">
          <Select
            label="And by"
            value={second ? subgroup : ""}
            onChange={setSubgroup}
            options={[
              { value: "", label: "Nothing else" },
              ...groups.filter(({ value }) => value !== group),
            ]}
          />
        </Choice>
        <Choice label="Per">
          <Select
            label="Per"
            value={roll}
            onChange={setRoll}
            options={[
              { value: "", label: `What fits: ${period.step}` },
              ...meta.granularities.map(({ name, display_label }) => ({
                value: name as Granularity,
                label: display_label,
              })),
            ]}
          />
        </Choice>
        <Choice label="As">
          <Select label="As" value={look} onChange={setLook} options={LOOK_OPTIONS} />
        </Choice>
        <span className="ml-auto max-md:hidden" />
        <ApiCall method="POST" path="/analytics/query" body={question} />
      </div>
      {error ? (
        <ErrorPanel what="This can't be told" error={error} onRetry={refetch} />
      ) : !data || !metric ? (
        <Loading label="Chart" rows={12} />
      ) : (
        <Found
          view={view}
          answered={data}
          metric={meta.metrics.find(({ name }) => name === data.question.metrics[0]) ?? metric}
          title={titleOf(meta, data.question)}
          look={look}
          named={(one) => nameOf(names, data.question.dimensions ?? [], one)}
        />
      )}
    </>
  );
}

function Choice({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0 md:w-40">
      <span aria-hidden className="block pb-1 text-label text-muted">
        {label}
      </span>
      {children}
    </div>
  );
}

const nameOf = (names: View["names"], dimensions: readonly string[], group: string) =>
  group
    .split("\n")
    .map((part, at) => names.shown(dimensions[at] ?? "", part))
    .join(" · ");

function titleOf(meta: UsageMeta, question: Question): string {
  const label = (all: readonly { name: string; display_label: string }[], name: string) =>
    all.find((one) => one.name === name)?.display_label ?? name;
  const by = (question.dimensions ?? []).map((name) => label(meta.dimensions, name).toLowerCase());
  return `${label(meta.metrics, question.metrics[0] ?? "")} by ${by.join(" and ")} per ${question.granularity}`;
}

interface FoundProps {
  view: View;
  answered: Answered;
  metric: UsageMeta["metrics"][number];
  title: string;
  look: (typeof LOOKS)[number];
  named: (group: string) => string;
}

function Found({ view, answered, metric, title, look, named }: FoundProps) {
  const { times, series } = charted(answered, metric.name, metric.is_rate, named);
  const format = (value: number) => metricText(value, metric.display_format);
  if (series.length === 0) {
    return (
      <EmptyState title="No calls in this time">Choose another range, or fewer filters.</EmptyState>
    );
  }
  // That hours and days are whole is seen in the time that the page says.
  const warnings = answered.warnings.filter((warning) => !warning.startsWith("Sums are kept by "));
  const notes = [...warnings, ...(answered.truncated ? [TRUNCATED] : [])];
  const kind = look === "lines" || metric.is_rate ? "lines" : "bars";
  return (
    <>
      {look === "table" ? (
        <ChartTable
          label={title}
          series={series}
          format={format}
          height={HEIGHT}
          times={times.map((at) => dateTime(at, view.period.zone))}
        />
      ) : (
        <Chart
          title={title}
          summary={`${series.length} groups, the largest ${series[0]?.label}`}
          kind={kind}
          stacked={kind === "bars"}
          times={times}
          series={series}
          format={format}
          height={HEIGHT}
          zone={view.period.zone}
          onZoom={(from, to) => view.range.setRange({ kind: "fixed", from, to })}
        />
      )}
      {look === "bars" && metric.is_rate && (
        <p className="pt-2 text-label text-muted">
          {metric.display_label} can't be added up, so it is drawn as lines.
        </p>
      )}
      {notes.map((note) => (
        <p key={note} className="pt-1 text-label text-muted">
          {note}.
        </p>
      ))}
    </>
  );
}

const TRUNCATED = "There is more than an answer holds: take longer steps or less time";

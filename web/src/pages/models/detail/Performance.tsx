import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type Answered, type UsageRow, usageQuery } from "~/api/analytics";
import { type Model, providersQuery } from "~/api/catalogue";
import { ApiCall } from "~/components/ApiCall";
import { Chart, Swatch } from "~/components/Chart";
import type { DataColor } from "~/components/chart/series";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading, Progress } from "~/components/Loading";
import { Select } from "~/components/Select";
import { type Format, metricText } from "~/components/usage/metric-text";
import { charted, numberOf } from "~/components/usage/series";
import { duration, percent, speed, whole } from "~/format";
import { rangeText } from "~/url/range";
import { oneOf, useUrlState } from "~/url/state";
import { CALLS_MIN } from "../use";
import { courseOf, endpointName, sumsOf, WINDOWS, type WindowName, windowOf } from "./measured";

const WINDOW = oneOf<WindowName>(["24h", "7d", "30d"], "24h");
const HEIGHT = 170;
const COLORS: readonly DataColor[] = [1, 2, 3, 4, 5, 6, 7];

interface Panel {
  title: string;
  metric: string;
  format: Format;
  isRate: boolean;
}

const PANELS: readonly Panel[] = [
  { title: "Time to first token, p50", metric: "latency_p50", format: "latency", isRate: true },
  { title: "Tokens per second", metric: "throughput", format: "throughput", isRate: true },
  { title: "Failed calls", metric: "failed", format: "number", isRate: false },
];

/** How fast and how well our own calls of a model went, at each endpoint. */
export function Performance({ model }: { model: Model }) {
  const [name, setName] = useUrlState("range", WINDOW);
  const [now] = useState(() => new Date());
  const id = model.alias_target?.slug ?? model.id;
  const window = windowOf(name);
  const question = useMemo(() => courseOf(id, window, now), [id, window, now]);
  const inAll = useMemo(() => sumsOf(id, window, now), [id, window, now]);
  const course = useQuery(usageQuery(question));
  const sums = useQuery(usageQuery(inAll));
  const providers = useQuery(providersQuery);
  const named = useMemo(() => {
    const names = new Map(providers.data?.map((one) => [one.slug, one.name]));
    return (endpoint: string) => endpointName(endpoint, id, (slug) => names.get(slug));
  }, [providers.data, id]);
  const error = course.error ?? sums.error;
  return (
    <div className="pb-6">
      <div className="flex flex-wrap items-center gap-3 pb-3">
        <div className="w-44">
          <Select label="Time" value={name} onChange={setName} options={WINDOWS} />
        </div>
        <Progress active={course.isFetching || sums.isFetching} />
        <span className="ml-auto" />
        <ApiCall method="POST" path="/analytics/query" body={question} />
      </div>
      {error && !(course.data && sums.data) ? (
        <ErrorPanel
          what="What was measured can't be read"
          error={error}
          onRetry={() => void Promise.all([course.refetch(), sums.refetch()])}
        />
      ) : course.data && sums.data ? (
        <Drawn id={id} course={course.data} sums={sums.data} named={named} />
      ) : (
        <Loading label="What was measured" rows={10} />
      )}
    </div>
  );
}

interface DrawnProps {
  id: string;
  course: Answered;
  sums: Answered;
  named: (endpoint: string) => string;
}

const endpointOf = (row: UsageRow) => String(row.endpoint ?? "");

function Drawn({ id, course, sums, named }: DrawnProps) {
  // Whoever has too few calls is in the table, and not in the lines.
  const { order, enough } = useMemo(() => {
    const calls = (row: UsageRow) => numberOf(row, "requests") ?? 0;
    return {
      order: sums.rows.map(endpointOf),
      enough: new Set(sums.rows.filter((row) => calls(row) >= CALLS_MIN).map(endpointOf)),
    };
  }, [sums]);
  const all = sums.rows.reduce((sum, row) => sum + (numberOf(row, "requests") ?? 0), 0);
  const failed = sums.rows.reduce((sum, row) => sum + (numberOf(row, "failed") ?? 0), 0);
  const range = course.question.time_range;
  if (all === 0 || !range) {
    return (
      <EmptyState title="No calls of this model in this time">
        What is shown here is measured on your own calls: how long the first token took, how fast
        the answer came and what failed, at each endpoint.
      </EmptyState>
    );
  }
  const span = { from: new Date(range.start), to: new Date(range.end) };
  const logs = { model: id, range: rangeText({ kind: "fixed", ...span }) };
  return (
    <>
      <p className="pb-4 text-muted">
        Measured on{" "}
        <Link to="/logs" search={logs} className="text-text underline">
          {whole(all)} {all === 1 ? "call" : "calls"}
        </Link>{" "}
        of yours
        {failed > 0 && (
          <>
            , of which{" "}
            <Link to="/logs" search={{ ...logs, status: "error" }} className="text-text underline">
              {whole(failed)} failed
            </Link>
          </>
        )}
        . An endpoint with fewer than {whole(CALLS_MIN)} has no line.
      </p>
      <div className="grid gap-x-10 gap-y-8 lg:grid-cols-2">
        {PANELS.map((panel) => (
          <Lines
            key={panel.title}
            panel={panel}
            course={course}
            named={named}
            order={order}
            enough={enough}
          />
        ))}
        <Sums sums={sums} named={named} order={order} />
      </div>
      <p className="max-w-[68ch] pt-4 text-label text-muted">
        A call counts for the endpoint that answered it; one that failed everywhere is nobody's. How
        often each endpoint was tried in vain is under{" "}
        <Link to="/status" search={{ model: id }} className="underline">
          Health
        </Link>
        .
      </p>
    </>
  );
}

interface LinesProps {
  panel: Panel;
  course: Answered;
  named: (endpoint: string) => string;
  order: readonly string[];
  enough: ReadonlySet<string>;
}

function Lines({ panel, course, named, order, enough }: LinesProps) {
  const { metric, format, isRate } = panel;
  const { times, series } = useMemo(() => {
    const found = charted(course, metric, isRate, named, order);
    const drawn = found.series.flatMap((one, at) => {
      const group = found.groups[at] ?? "";
      const known = one.values.some((value) => value !== null && (isRate || value > 0));
      if (!known || (isRate && !enough.has(group))) return [];
      // The same endpoint has one colour in all charts and in the table.
      const color = COLORS[order.indexOf(group)] ?? "other";
      return [{ ...one, color, ...(isRate ? { line: "solid" as const } : {}) }];
    });
    return { times: found.times, series: drawn };
  }, [course, metric, isRate, named, order, enough]);
  if (series.length === 0) {
    return (
      <section className="min-w-0" aria-label={panel.title}>
        <h2 className="pb-1 font-medium">{panel.title}</h2>
        <p className="text-muted">
          {isRate ? "–, too few calls to say." : "None: every call in this time went well."}
        </p>
      </section>
    );
  }
  const words = series.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    if (!isRate) return `${label} ${whole(known.reduce((sum, value) => sum + value, 0))}`;
    return `${label} last ${metricText(known.at(-1), format)}`;
  });
  return (
    <Chart
      title={panel.title}
      summary={words.join(", ")}
      kind={isRate ? "lines" : "bars"}
      stacked={!isRate}
      times={times}
      series={series}
      format={(value) => metricText(value, format)}
      height={HEIGHT}
      sync="model"
      zone={course.question.granularity === "day" ? "utc" : undefined}
    />
  );
}

interface SumsProps {
  sums: Answered;
  named: (endpoint: string) => string;
  order: readonly string[];
}

function Sums({ sums, named, order }: SumsProps) {
  const columns = useMemo(() => columnsOf(named, order), [named, order]);
  return (
    <section className="min-w-0" aria-label="By endpoint">
      <h2 className="pb-1 font-medium">By endpoint</h2>
      <DataTable
        label="By endpoint"
        rows={sums.rows}
        columns={columns}
        rowKey={endpointOf}
        height="content"
      />
    </section>
  );
}

function columnsOf(named: (endpoint: string) => string, order: readonly string[]) {
  const few = (row: UsageRow) => (numberOf(row, "requests") ?? 0) < CALLS_MIN;
  const measured = (row: UsageRow, metric: string, write: (value: number | null) => string) =>
    few(row) ? <span className="text-muted">too few</span> : write(numberOf(row, metric));
  const columns: Column<UsageRow>[] = [
    {
      id: "endpoint",
      header: "Endpoint",
      width: 110,
      grow: 2,
      rank: 0,
      cell: (row) => {
        const endpoint = endpointOf(row);
        return (
          <span className="inline-flex max-w-full items-center gap-2">
            <Swatch color={COLORS[order.indexOf(endpoint)] ?? "other"} />
            <span className="truncate">{named(endpoint)}</span>
          </span>
        );
      },
    },
    {
      id: "calls",
      header: "Calls",
      width: 56,
      align: "right",
      rank: 0,
      cell: (row) => whole(numberOf(row, "requests")),
    },
    {
      id: "latency",
      header: "TTFT p50",
      width: 68,
      align: "right",
      rank: 1,
      cell: (row) => measured(row, "latency_p50", duration),
    },
    {
      id: "speed",
      header: "Speed",
      width: 76,
      align: "right",
      rank: 2,
      cell: (row) => measured(row, "throughput", (value) => speed(value, 1000)),
    },
    {
      id: "failed",
      header: "Failed",
      width: 56,
      align: "right",
      rank: 3,
      cell: (row) => {
        const calls = numberOf(row, "requests") ?? 0;
        const failed = numberOf(row, "failed") ?? 0;
        return <span title={percent(calls > 0 ? failed / calls : null)}>{whole(failed)}</span>;
      },
    },
  ];
  return columns;
}

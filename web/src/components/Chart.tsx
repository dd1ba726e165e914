/**
 * Numbers over time: bars for sums, lines for rates and percentiles.
 *
 *     <Chart title="Spend" summary="$12.40 today, most of it openai/gpt-4o" kind="bars" stacked
 *       times={times} series={topSeries(series)} format={cost} loading={isPending}
 *       onZoom={(from, to) => setRange({ kind: "fixed", from, to })} sync="activity" />
 *
 * `times` are Unix seconds of the beginnings of buckets, from the range that the answer echoed. Null
 * is a gap. `summary` is what somebody is told who does not see it. "Table", CSV and JSON have every value.
 * `onPick` is what a click on a bar leads to, such as its calls; in the table the times do.
 * Keep `times` and `series` stable with `useMemo`. `legend={false}` where a table beneath names them.
 */
import { LineChart, Table } from "lucide-react";
import { lazy, Suspense, useId, useState } from "react";
import { useZone } from "~/app/preferences";
import { dateTime, type Zone } from "~/format";
import { Button } from "./Button";
import { ChartTable } from "./chart/ChartTable";
import { chartFile } from "./chart/chart-file";
import { Swatch } from "./chart/Swatch";
import { colorOf, type Mark, type Series } from "./chart/series";
import { SaveMenu } from "./SaveMenu";
import { Tooltip } from "./Tooltip";

export { Swatch } from "./chart/Swatch";
export { type Mark, type Series, topSeries } from "./chart/series";

const Plot = lazy(() => import("./chart/Plot"));

export interface ChartProps {
  title: string;
  summary: string;
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  kind?: "bars" | "lines";
  stacked?: boolean;
  height?: number;
  legend?: boolean;
  marks?: readonly Mark[];
  /** Charts of one name share their crosshair. */
  sync?: string;
  onZoom?: (from: Date, to: Date) => void;
  onPick?: ((from: Date, to: Date) => void) | undefined;
  /** Whose days the buckets are, where it is not the clock that was chosen. */
  zone?: Zone;
}

const NO_MARKS: readonly Mark[] = [];

export function Chart(props: ChartProps) {
  const { title, summary, times, series, format, legend = true, height = 200 } = props;
  const [asTable, setAsTable] = useState(false);
  const [chosen] = useZone();
  const zone = props.zone ?? chosen;
  const id = useId();
  const { onPick } = props;
  const pick =
    onPick && ((index: number) => onPick(instant(times, index), instant(times, index + 1)));
  return (
    <figure aria-labelledby={id} className="min-w-0">
      <div className="flex items-center gap-1 pb-1">
        <figcaption id={id} className="font-medium">
          {title}
        </figcaption>
        <div className="ml-auto flex">
          <Tooltip text={asTable ? "As chart" : "As table"}>
            <Button
              variant="quiet"
              size="sm"
              aria-label={`${title} as ${asTable ? "chart" : "table"}`}
              onClick={() => setAsTable(!asTable)}
              icon={
                asTable ? (
                  <LineChart aria-hidden className="size-3.5" />
                ) : (
                  <Table aria-hidden className="size-3.5" />
                )
              }
            />
          </Tooltip>
          <SaveMenu
            label={`Save ${title}`}
            name={`tollgate-${title.toLowerCase().replace(/\W+/g, "-")}`}
            write={(format) => chartFile(title, times, series, format)}
          />
        </div>
      </div>
      {asTable ? (
        <ChartTable
          label={title}
          series={series}
          format={format}
          height={height}
          times={times.map((at) => dateTime(at, zone))}
          onPick={pick}
        />
      ) : (
        <div role="img" aria-label={`${title}: ${summary}`} style={{ minHeight: height }}>
          <Suspense>
            <Plot
              times={times}
              series={series}
              format={format}
              kind={props.kind ?? "lines"}
              stacked={props.stacked ?? false}
              height={height}
              marks={props.marks ?? NO_MARKS}
              sync={props.sync}
              zone={zone}
              onZoom={props.onZoom}
              onPick={pick}
            />
          </Suspense>
        </div>
      )}
      {legend && !asTable && (
        <ul className="flex flex-wrap gap-x-4 gap-y-1 pt-1 text-label">
          {series.map((one, index) => (
            <li key={one.label} className="flex items-center gap-1.5">
              <Swatch color={colorOf(one, index)} line={one.line} />
              {one.label}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

/** When a bucket begins; that behind the last one is as long as the one before. */
function instant(times: readonly number[], index: number): Date {
  const last = times.at(-1) ?? 0;
  const step = last - (times.at(-2) ?? last - 3600);
  return new Date((times[index] ?? last + step) * 1000);
}

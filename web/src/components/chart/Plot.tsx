import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDark } from "~/app/media";
import { useTheme } from "~/app/preferences";
import { useWidth } from "../use-width";
import { type PlotWanted, plotOptions } from "./options";
import { PlotTooltip } from "./PlotTooltip";
import { colored, stack } from "./series";

export interface PlotProps
  extends Omit<PlotWanted, "width" | "onCursor" | "marks" | "sync" | "onZoom" | "step"> {
  /** Unix seconds. */
  times: readonly number[];
  marks: PlotWanted["marks"];
  sync?: string | undefined;
  onZoom?: PlotWanted["onZoom"];
}

interface Cursor {
  index: number;
  left: number;
}

/** The canvas of a chart. It is made anew when the theme, the size or the series change. */
export default function Plot(props: PlotProps) {
  const { times, series, stacked, kind, height, zone } = props;
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const [theme] = useTheme();
  const dark = useDark(theme);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const step = (times[1] ?? 0) - (times[0] ?? 0) || 3600;
  const shape = series.map(({ label, color, line }) => `${label}|${color}|${line}`).join("\n");

  const data = useMemo((): uPlot.AlignedData => {
    const rows = stacked ? stack(series) : series.map(({ values }) => [...values]);
    return [[...times], ...(stacked ? rows.reverse() : rows)];
  }, [times, series, stacked]);

  const latest = useRef({ props, data });
  // Before the drawing is made anew below: of the new series, not of those before.
  useLayoutEffect(() => {
    latest.current = { props, data };
  });
  const plot = useRef<uPlot | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `dark` changes what the colours are
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const { props: now, data: first } = latest.current;
    const options = plotOptions(
      {
        ...now,
        // The highest of a stack is drawn first, so that the lower ones stand before it.
        series: stacked ? colored(now.series).reverse() : now.series,
        sync: now.sync,
        onZoom: now.onZoom ? (from, to) => latest.current.props.onZoom?.(from, to) : undefined,
        zone,
        width,
        height,
        kind,
        step,
        onCursor: (index, left) => setCursor(index === null || left < 0 ? null : { index, left }),
      },
      element,
    );
    plot.current = new uPlot(options, first, element);
    return () => plot.current?.destroy();
  }, [shape, stacked, kind, dark, zone, width, height, step]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <div ref={host} className="relative min-w-0" style={{ minHeight: height }}>
      {cursor && (
        <PlotTooltip
          at={times[cursor.index] ?? 0}
          index={cursor.index}
          left={cursor.left}
          width={width}
          zone={zone}
          series={series}
          format={props.format}
        />
      )}
    </div>
  );
}

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDark } from "~/app/media";
import { useTheme } from "~/app/preferences";
import { classes } from "../classes";
import { useWidth } from "../use-width";
import { DRAG_MIN, type PlotWanted, plotOptions } from "./options";
import { PlotTooltip } from "./PlotTooltip";
import { colored, stack } from "./series";

export interface PlotProps
  extends Omit<PlotWanted, "width" | "onCursor" | "marks" | "sync" | "onZoom" | "step"> {
  /** Unix seconds. */
  times: readonly number[];
  marks: PlotWanted["marks"];
  sync?: string | undefined;
  onZoom?: PlotWanted["onZoom"];
  /** What a click on a bar, or on the moment of a point, leads to. */
  onPick?: ((index: number) => void) | undefined;
}

interface Cursor {
  index: number;
  left: number;
}

/** Tells of clicks that are no drags. A finger's first tap shows the values, its second one picks. */
function listenForPicks(plot: uPlot, picker: () => PlotProps["onPick"]): void {
  let downAt = 0;
  let tapped: number | null = null;
  plot.over.addEventListener("pointerdown", (event) => {
    downAt = event.clientX;
  });
  plot.over.addEventListener("click", (event) => {
    const index = plot.cursor.idx ?? null;
    const pick = picker();
    if (!pick || index === null || Math.abs(event.clientX - downAt) >= DRAG_MIN) return;
    const touched = event instanceof PointerEvent && event.pointerType === "touch";
    if (touched && tapped !== index) tapped = index;
    else pick(index);
  });
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
    const made = new uPlot(options, first, element);
    plot.current = made;
    listenForPicks(made, () => latest.current.props.onPick);
    return () => made.destroy();
  }, [shape, stacked, kind, dark, zone, width, height, step]);

  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <div
      ref={host}
      className={classes("relative min-w-0", props.onPick && "[&_.u-over]:cursor-pointer")}
      style={{ minHeight: height }}
    >
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

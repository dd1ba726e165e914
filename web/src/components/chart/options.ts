import uPlot from "uplot";
import type { Zone } from "~/format";
import { dateTime } from "~/format";
import { dataColor, themeColor } from "./colors";
import { colorOf, type Mark, type Series } from "./series";

export interface PlotWanted {
  series: readonly Series[];
  kind: "bars" | "lines";
  stacked: boolean;
  format: (value: number) => string;
  zone: Zone;
  width: number;
  height: number;
  sync: string | undefined;
  marks: readonly Mark[];
  /** Seconds between two points. */
  step: number;
  onZoom: ((from: Date, to: Date) => void) | undefined;
  onCursor: (index: number | null, left: number) => void;
}

const FONT = '11px "Plex Sans", system-ui, sans-serif';
/** A drag shorter than this is a click. */
export const DRAG_MIN = 6;

const times = (zone: Zone, step: number) => (_: uPlot, splits: number[]) =>
  splits.map((at) => {
    const text = dateTime(at, zone);
    if (step >= 86_400) return text.slice(5, 10);
    return text.slice(11, 16) === "00:00" ? text.slice(5, 10) : text.slice(11, 16);
  });

/** How far apart lines across may be. */
const STEPS = Array.from({ length: 25 }, (_, power) => power - 12).flatMap((power) =>
  (power < 1 ? [1, 2, 5] : [1, 2, 2.5, 5]).map((factor) => Number(`${factor}e${power}`)),
);

/** Whether all values are whole: between one call and two there is nothing to mark. */
const counts = ({ data }: uPlot): boolean =>
  data.slice(1).every((line) => Array.from(line).every((value) => Number.isInteger(value ?? 0)));

/** What uPlot needs to draw in the look of the dashboard. */
export function plotOptions(wanted: PlotWanted, host: HTMLElement): uPlot.Options {
  const { kind, step } = wanted;
  const axis = { font: FONT, stroke: themeColor("muted", host), ticks: { show: false }, gap: 4 };
  const half = kind === "bars" ? step / 2 : 0;
  return {
    width: wanted.width,
    height: wanted.height,
    legend: { show: false },
    // The last label of the axis stands half beyond it.
    padding: [8, 20, 0, 0],
    tzDate: (at) =>
      wanted.zone === "utc" ? uPlot.tzDate(new Date(at * 1000), "UTC") : new Date(at * 1000),
    scales: {
      // Half a bar stands before the first time and behind the last.
      x: { time: true, range: (_, min, max) => [min - half, max + half] },
      y: { range: (_, min, max) => (max <= 0 ? [0, 1] : [Math.min(0, min), max * 1.05]) },
    },
    axes: [
      { ...axis, grid: { show: false }, values: times(wanted.zone, step), size: 24, space: 64 },
      {
        ...axis,
        grid: { stroke: themeColor("line", host), width: 1 },
        incrs: (plot) => (counts(plot) ? STEPS.filter((step) => step >= 1) : STEPS),
        values: (_, splits) => splits.map((value) => wanted.format(value)),
        size: (_, values) => 12 + 6.2 * Math.max(0, ...(values ?? []).map((text) => text.length)),
        space: Math.max(32, wanted.height / 5),
      },
    ],
    cursor: {
      ...(wanted.sync ? { sync: { key: wanted.sync } } : {}),
      drag: { x: wanted.onZoom !== undefined, y: false, dist: DRAG_MIN, setScale: false },
      points: { show: kind === "lines" },
      y: false,
    },
    series: [{}, ...wanted.series.map((series, index) => plotSeries(wanted, series, index, host))],
    hooks: {
      setCursor: [(plot) => wanted.onCursor(plot.cursor.idx ?? null, plot.cursor.left ?? 0)],
      setSelect: [(plot) => zoom(plot, wanted.onZoom)],
      draw: [(plot) => drawMarks(plot, wanted.marks, host)],
    },
  };
}

function plotSeries(
  wanted: PlotWanted,
  series: Series,
  index: number,
  host: HTMLElement,
): uPlot.Series {
  const color = dataColor(colorOf(series, index), host);
  if (wanted.kind === "bars") {
    return {
      label: series.label,
      fill: color,
      stroke: series.failures ? dataColor("bad", host) : color,
      width: series.failures ? 1 : 0,
      points: { show: false },
      ...(uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.8, 48] }) } : {}),
    };
  }
  const line = series.line ?? "solid";
  return {
    label: series.label,
    stroke: color,
    width: line === "solid" ? 1.75 : 1,
    ...(line === "dotted" ? { dash: [2, 3] } : {}),
    // A value between two gaps is no line: it is a dot.
    points: { show: true, size: 4, fill: color, width: 0, filter: lonely },
    spanGaps: false,
  };
}

function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  return Array.from(values.keys()).filter(
    (at) => values[at] != null && values[at - 1] == null && values[at + 1] == null,
  );
}

function zoom(plot: uPlot, onZoom: PlotWanted["onZoom"]): void {
  const { left, width } = plot.select;
  if (width < DRAG_MIN) return;
  const at = (pixel: number) => new Date(plot.posToVal(pixel, "x") * 1000);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom?.(at(left), at(left + width));
}

function drawMarks(plot: uPlot, marks: readonly Mark[], host: HTMLElement): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = themeColor("warn", host);
  ctx.lineWidth = devicePixelRatio;
  for (const mark of marks) {
    const x = Math.round(plot.valToPos(mark.at, "x", true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

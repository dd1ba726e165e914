import { dateTime, type Zone } from "~/format";
import { Swatch } from "./Swatch";
import { colorOf, type Series } from "./series";

export interface PlotTooltipProps {
  at: number;
  index: number;
  /** Of the cursor, from the left edge of the drawing. */
  left: number;
  width: number;
  zone: Zone;
  series: readonly Series[];
  format: (value: number) => string;
}

const ROWS_MAX = 8;

/** The values under the cursor, the largest first. */
export function PlotTooltip(props: PlotTooltipProps) {
  const { at, index, left, width, zone, series, format } = props;
  const rows = series
    .map((one, place) => ({ ...one, color: colorOf(one, place), value: one.values[index] ?? null }))
    .filter((row) => row.value !== null)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const behind = left > width / 2;
  return (
    <div
      aria-hidden
      className="pointer-events-none absolute top-2 z-10 min-w-40 border bg-surface px-2.5 py-1.5 text-label shadow-float"
      style={behind ? { right: width - left + 8 } : { left: left + 64 }}
    >
      <p className="text-muted">{dateTime(at, zone)}</p>
      {rows.slice(0, ROWS_MAX).map((row) => (
        <p key={row.label} className="flex items-center gap-2">
          <Swatch color={row.color} line={row.line} />
          <span className="truncate">{row.label}</span>
          <span className="ml-auto pl-3 font-medium">
            {row.value !== null && format(row.value)}
          </span>
        </p>
      ))}
      {rows.length === 0 && <p>Nothing is known</p>}
      {rows.length > ROWS_MAX && <p className="text-muted">and {rows.length - ROWS_MAX} more</p>}
    </div>
  );
}

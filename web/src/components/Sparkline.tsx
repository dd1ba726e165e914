/**
 * A course in 64 × 16 pixels, without axes; the last point is marked.
 *
 *     <Sparkline values={[3, 5, null, 8]} label="Requests in the last 7 days: 3 to 8" />
 */
export interface SparklineProps {
  /** Null is a gap. */
  values: readonly (number | null)[];
  /** What it shows, in words. */
  label: string;
  width?: number;
  height?: number;
}

const INSET = 2;

export function Sparkline({ values, label, width = 64, height = 16 }: SparklineProps) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return <span className="text-faint">–</span>;
  const top = Math.max(...known, 0);
  const bottom = Math.min(...known, 0);
  const x = (index: number) =>
    INSET + (index / Math.max(1, values.length - 1)) * (width - 2 * INSET);
  const y = (value: number) =>
    height - INSET - ((value - bottom) / (top - bottom || 1)) * (height - 2 * INSET);
  let path = "";
  let pen = "M";
  let end: [number, number] | null = null;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      pen = "M";
      continue;
    }
    end = [x(index), y(value)];
    path += `${pen}${end[0].toFixed(1)} ${end[1].toFixed(1)}`;
    pen = "L";
  }
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      className="inline-block align-middle text-muted"
    >
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.25" strokeLinejoin="round" />
      {end && <circle cx={end[0]} cy={end[1]} r="1.75" className="fill-accent" />}
    </svg>
  );
}

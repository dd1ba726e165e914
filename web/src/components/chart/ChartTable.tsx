import type { Series } from "./series";

export interface ChartTableProps {
  label: string;
  times: readonly string[];
  series: readonly Series[];
  format: (value: number) => string;
  height: number;
  /** What the moment of a row leads to. */
  onPick?: ((index: number) => void) | undefined;
}

/** The numbers of a chart, for those who rather read them. */
export function ChartTable({ label, times, series, format, height, onPick }: ChartTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div tabIndex={0} className="overflow-auto border" style={{ maxHeight: Math.max(height, 240) }}>
      <table aria-label={label} className="w-full">
        <thead className="sticky top-0 bg-bg text-label text-muted">
          <tr>
            <th scope="col" className="px-2 py-1 text-left font-normal">
              From
            </th>
            {series.map((one) => (
              <th key={one.label} scope="col" className="px-2 py-1 text-right font-normal">
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time} className="border-t">
              <th scope="row" className="px-2 py-1 text-left font-normal whitespace-nowrap">
                {onPick ? (
                  <button
                    type="button"
                    onClick={() => onPick(index)}
                    className="min-h-6 text-accent hover:underline"
                  >
                    {time}
                  </button>
                ) : (
                  time
                )}
              </th>
              {series.map((one) => {
                const value = one.values[index] ?? null;
                return (
                  <td key={one.label} className="px-2 py-1 text-right whitespace-nowrap">
                    {value === null ? "–" : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

import type { DataColor } from "./series";

const FILLS: Record<DataColor, string> = {
  1: "bg-data-1",
  2: "bg-data-2",
  3: "bg-data-3",
  4: "bg-data-4",
  5: "bg-data-5",
  6: "bg-data-6",
  7: "bg-data-7",
  other: "bg-data-other",
};

/** The colour of a series, beside its name. */
export function Swatch({ color }: { color: DataColor }) {
  return <span aria-hidden className={`inline-block size-2.5 shrink-0 ${FILLS[color]}`} />;
}

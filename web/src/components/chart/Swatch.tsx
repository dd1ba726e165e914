import type { DataColor, Series } from "./series";

const LOOKS: Record<DataColor, string> = {
  1: "text-data-1",
  2: "text-data-2",
  3: "text-data-3",
  4: "text-data-4",
  5: "text-data-5",
  6: "text-data-6",
  7: "text-data-7",
  other: "text-data-other",
  bad: "text-bad",
};

/** The colour of a series beside its name; for lines also how they are drawn. */
export function Swatch({ color, line }: { color: DataColor; line?: Series["line"] }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 10 10" className={`size-2.5 shrink-0 ${LOOKS[color]}`}>
      {line ? (
        <path
          d="M0 5h10"
          stroke="currentColor"
          strokeWidth={line === "solid" ? 2.5 : 1.25}
          strokeDasharray={line === "dotted" ? "2 2" : undefined}
        />
      ) : (
        <path d="M0 0h10v10H0Z" fill="currentColor" />
      )}
    </svg>
  );
}

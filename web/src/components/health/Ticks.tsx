import { classes } from "../classes";
import { type Look, lookOf, type Step } from "./steps";

/** In units of the drawing; a step is one wide. */
const HEIGHT = 20;
const INSET = 0.12;

/** From the top, in pieces: the shape tells the same as the colour. */
const PIECES: Record<Exclude<Look, "none">, readonly (readonly [from: number, to: number])[]> = {
  well: [[0, HEIGHT]],
  partly: [[8, HEIGHT]],
  failing: [
    [0, 8],
    [12, HEIGHT],
  ],
  few: [[16, HEIGHT]],
};

const COLORS: Record<Exclude<Look, "none">, string> = {
  well: "text-good",
  partly: "text-warn",
  failing: "text-bad",
  few: "text-faint",
};

export const DRAWN = ["well", "partly", "failing", "few"] as const;

const pathOf = (look: (typeof DRAWN)[number], at: number, inset: number): string =>
  PIECES[look]
    .map(
      ([from, to]) =>
        `M${(at + inset).toFixed(2)} ${from}h${1 - 2 * inset}V${to}h${2 * inset - 1}Z`,
    )
    .join("");

export interface TicksProps {
  steps: readonly Step[];
  /** The step that is looked at. */
  current: number | null;
  className: string;
}

/** A tick for each step, as wide as there is room. Steps without attempts are gaps. */
export function Ticks({ steps, current, className }: TicksProps) {
  const looks = steps.map(({ counted }) => lookOf(counted));
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 ${steps.length} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={classes("block w-full", className)}
    >
      {DRAWN.map((look) => (
        <path
          key={look}
          d={looks.map((one, at) => (one === look ? pathOf(look, at, INSET) : "")).join("")}
          className={COLORS[look]}
          fill="currentColor"
        />
      ))}
      {current !== null && (
        <path
          d={`M${current} 0h1V${HEIGHT}h-1Z`}
          className="text-text opacity-40"
          fill="currentColor"
        />
      )}
    </svg>
  );
}

/** What a tick of a look is like, beside its words. */
export function TickMark({ look }: { look: (typeof DRAWN)[number] }) {
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 1 ${HEIGHT}`}
      preserveAspectRatio="none"
      className={classes("h-3 w-1 shrink-0", COLORS[look])}
    >
      <path d={pathOf(look, 0, 0)} fill="currentColor" />
    </svg>
  );
}

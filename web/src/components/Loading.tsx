/**
 * What stands where data is on its way: nothing for 150 ms, then lines of the true geometry.
 *
 *     <Loading label="Keys" rows={8} />
 *
 * Data that is only asked for again stays on screen: show `Progress` above it.
 */
import { useEffect, useState } from "react";
import { classes } from "./classes";

const QUIET_MS = 150;

/** Whether so much time has gone by that somebody should be told. */
export function useLate(): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  return late;
}

export interface LoadingProps {
  /** What is on its way, for those who don't see it. */
  label: string;
  rows?: number;
  /** In pixels. */
  rowHeight?: number;
}

const WIDTHS = ["w-3/5", "w-2/5", "w-1/2", "w-2/3", "w-1/3"];

export function Loading({ label, rows = 6, rowHeight = 32 }: LoadingProps) {
  const late = useLate();
  return (
    <div role="status" aria-label={`${label}: loading`} className={late ? "" : "invisible"}>
      {Array.from({ length: rows }, (_, row) => (
        <div
          key={row}
          className="flex items-center gap-6 border-b border-line"
          style={{ height: rowHeight }}
        >
          <span className="h-2 w-16 rounded-sm bg-hover" />
          <span className={classes("h-2 rounded-sm bg-hover", WIDTHS[row % WIDTHS.length])} />
        </div>
      ))}
    </div>
  );
}

/** A line of 2 px below the filters while data is asked for again. Takes no room. */
export function Progress({ active }: { active: boolean }) {
  return (
    <div className="relative h-0" aria-hidden>
      {active && (
        <div className="absolute inset-x-0 top-0 h-0.5 overflow-hidden">
          <div className="h-full w-1/3 animate-[slide_1s_linear_infinite] bg-accent" />
        </div>
      )}
    </div>
  );
}

/**
 * What is still shown of another range or other filters while what was asked for is on its way: grey,
 * and said to be old, so that nobody takes it for the new.
 *
 *     <Before old={query.isPlaceholderData} paused={query.fetchStatus === "paused"}>…</Before>
 */
import type { ReactNode } from "react";
import { classes } from "./classes";
import { useLate } from "./Loading";

export interface BeforeProps {
  old: boolean;
  /** Whether nothing is asked, because nobody can be reached. */
  paused: boolean;
  children: ReactNode;
}

export function Before({ old, paused, children }: BeforeProps) {
  return (
    <div aria-busy={old} className="relative flex min-h-0 flex-1 flex-col">
      {old && <Told paused={paused} />}
      <div
        className={classes(
          "flex min-h-0 flex-1 flex-col",
          old && "opacity-50 transition-opacity delay-150",
        )}
      >
        {children}
      </div>
    </div>
  );
}

function Told({ paused }: { paused: boolean }) {
  if (!useLate()) return null;
  return (
    <p
      role="status"
      className="absolute top-9 left-1/2 z-20 -translate-x-1/2 rounded-full border bg-surface px-3 py-1 text-label whitespace-nowrap shadow-float"
    >
      {paused
        ? "Of before: the gateway can't be reached"
        : "Of before: the new ones are on their way"}
    </p>
  );
}

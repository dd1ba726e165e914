/**
 * A state with shape and word, never colour alone: `<Status tone="good">Closed</Status>`.
 */
import type { ReactNode } from "react";
import { classes } from "./classes";

export type Tone = "good" | "warn" | "bad" | "idle";

const MARKS: Record<Tone, { path: string; look: string }> = {
  good: { path: "M5 1.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7Z", look: "text-good" },
  warn: { path: "M5 1 9 8.5H1Z", look: "text-warn" },
  bad: { path: "M1.5 1.5h7v7h-7Z", look: "text-bad" },
  idle: { path: "M1 4.25h8v1.5H1Z", look: "text-faint" },
};

export interface StatusProps {
  tone: Tone;
  /** Whether long words go on in a further line, rather than being cut. */
  wraps?: boolean;
  children: ReactNode;
}

export function Status({ tone, wraps = false, children }: StatusProps) {
  const { path, look } = MARKS[tone];
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5">
      <svg viewBox="0 0 10 10" aria-hidden="true" className={classes("size-2.5 shrink-0", look)}>
        <path d={path} fill="currentColor" />
      </svg>
      <span className={classes(!wraps && "truncate", tone !== "idle" && tone !== "good" && look)}>
        {children}
      </span>
    </span>
  );
}

/**
 * The phases of a call on one axis of time.
 *
 *     <Waterfall label="Where the time went" phases={[{ label: "OpenAI", from: 0, ms: 120, kind: "failed", detail: "429" }, …]} />
 *
 * Times are milliseconds from the start. A phase may have a first part that is shown lighter, such
 * as the wait for a first token (`waitMs`).
 */
import { duration } from "~/format";
import { classes } from "./classes";

export type PhaseKind = "gateway" | "served" | "failed" | "cached";

export interface Phase {
  label: string;
  from: number;
  ms: number;
  kind: PhaseKind;
  waitMs?: number;
  detail?: string;
}

const FILLS: Record<PhaseKind, string> = {
  gateway: "bg-muted",
  served: "bg-accent",
  failed: "bg-bad",
  cached: "hatched",
};

export function Waterfall({ label, phases }: { label: string; phases: readonly Phase[] }) {
  const end = Math.max(1, ...phases.map((phase) => phase.from + phase.ms));
  const share = (ms: number) => `${(ms / end) * 100}%`;
  return (
    <figure aria-label={label}>
      <ol className="flex flex-col">
        {phases.map((phase, index) => (
          <li
            key={index}
            className="grid min-h-8 grid-cols-[minmax(6rem,9rem)_minmax(0,1fr)_4.5rem] items-center gap-3 border-b"
          >
            <span className="truncate" title={phase.label}>
              {phase.label}
              {phase.detail && (
                <span
                  className={classes("ml-1.5", phase.kind === "failed" ? "text-bad" : "text-muted")}
                >
                  {phase.detail}
                </span>
              )}
            </span>
            <span className="relative h-2.5" aria-hidden>
              <span
                className="absolute inset-y-0 flex min-w-0.5"
                style={{ left: share(phase.from), width: share(phase.ms) }}
              >
                {phase.waitMs ? (
                  <span
                    className={`${FILLS[phase.kind]} opacity-40`}
                    style={{
                      width: `${Math.min(100, (phase.waitMs / Math.max(phase.ms, 1)) * 100)}%`,
                    }}
                  />
                ) : null}
                <span className={`flex-1 ${FILLS[phase.kind]}`} />
              </span>
            </span>
            <span className="text-right" title={`Began after ${duration(phase.from)}`}>
              {duration(phase.ms)}
            </span>
          </li>
        ))}
      </ol>
      <figcaption className="flex justify-between pt-1 pr-[5.25rem] pl-[min(9.75rem,40%)] text-axis text-faint">
        <span>0</span>
        <span>{duration(end)}</span>
      </figcaption>
    </figure>
  );
}

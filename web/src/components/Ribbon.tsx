/**
 * The route ribbon: what happened to a request, in 64 × 8 pixels. A segment per attempt, as wide as
 * its time; petrol served, red failed, hatched from a cache, grey was skipped.
 *
 *     <Ribbon segments={ribbonOf(row)} />
 */
import type { LogRow } from "~/api/logs";
import { duration } from "~/format";

export type SegmentKind = "served" | "failed" | "cached" | "skipped";

export interface Segment {
  kind: SegmentKind;
  /** Who it was. */
  label: string;
  /** How long it took; what took no time still gets a sliver. */
  ms: number | null;
}

const FILLS: Record<SegmentKind, string> = {
  served: "bg-accent",
  failed: "bg-bad",
  cached: "hatched",
  skipped: "bg-line-strong",
};

const WORDS: Record<SegmentKind, string> = {
  served: "served",
  failed: "failed",
  cached: "from the cache",
  skipped: "skipped",
};

export interface RibbonProps {
  segments: readonly Segment[];
  /** In pixels. */
  width?: number;
}

export function Ribbon({ segments, width = 64 }: RibbonProps) {
  if (segments.length === 0) return <span className="text-faint">–</span>;
  const words = ribbonWords(segments);
  return (
    <span
      role="img"
      aria-label={words}
      title={words}
      className="inline-flex h-2 gap-px align-middle"
      style={{ width }}
    >
      {segments.map((segment, index) => (
        <span
          key={index}
          className={`min-w-1 ${FILLS[segment.kind]}`}
          style={{ flexGrow: Math.max(segment.ms ?? 0, 1), flexBasis: 0 }}
        />
      ))}
    </span>
  );
}

type Told = Pick<LogRow, "attempts" | "cache_source" | "generation_time_ms">;

/** The segments of a row of the log. Where an answer was told again nobody was asked. */
export function ribbonOf({ attempts, cache_source: source, generation_time_ms: ms }: Told) {
  if (source) return [{ kind: "cached", label: "Kept answer", ms }] satisfies Segment[];
  return attempts.map(
    (attempt): Segment => ({
      kind: attempt.fault === null && (attempt.status ?? 200) < 400 ? "served" : "failed",
      label: attempt.status === null ? attempt.provider : `${attempt.provider} ${attempt.status}`,
      ms: attempt.latency_ms,
    }),
  );
}

/** What a ribbon says: `OpenAI 429 failed after 120 ms, Azure served in 840 ms`. */
export function ribbonWords(segments: readonly Segment[]): string {
  return segments
    .map(({ kind, label, ms }) => {
      const time = ms === null ? "" : ` ${kind === "failed" ? "after" : "in"} ${duration(ms)}`;
      return `${label} ${WORDS[kind]}${time}`;
    })
    .join(", ");
}

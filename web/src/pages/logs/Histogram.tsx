/**
 * Calls over time, ended well and not. A drag looks into a part; a click into one bar, and on its red
 * part only at the errors of it. Arrow keys walk the bars, Enter looks into one.
 */
import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import type { LogBucket } from "~/api/logs";
import { useZone } from "~/app/preferences";
import { dateTime, whole, type Zone } from "~/format";
import { barAt, barsOf, ERROR_REACH, HEIGHT } from "./bars";

interface HistogramProps {
  buckets: readonly LogBucket[];
  /** The width of a bucket. */
  seconds: number;
  onZoom: (from: Date, to: Date, errors?: boolean) => void;
}

/** A drag shorter than this is a click. */
const DRAG_MIN = 6;

interface Drag {
  from: number;
  to: number;
}

export function Histogram({ buckets, seconds, onZoom }: HistogramProps) {
  const host = useRef<HTMLDivElement>(null);
  const [zone] = useZone();
  const [drag, setDrag] = useState<Drag | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const bars = barsOf(buckets);
  const bucket = chosen === null ? undefined : buckets[chosen];

  const start = (index: number) => Date.parse(buckets[index]?.at ?? "");
  const look = (first: number, last: number, errors: boolean) =>
    onZoom(new Date(start(first)), new Date(start(last) + seconds * 1_000), errors);
  const place = (event: PointerEvent) => {
    const box = host.current?.getBoundingClientRect();
    const x = box ? event.clientX - box.left : 0;
    return { x, fromBottom: box ? box.bottom - event.clientY : 0, width: box?.width ?? 1 };
  };
  const up = (event: PointerEvent) => {
    if (drag === null) return;
    setDrag(null);
    const { x, width, fromBottom } = place(event);
    const at = (point: number) => barAt(point, width, buckets.length);
    if (Math.abs(x - drag.from) >= DRAG_MIN) {
      const [left, right] = [Math.min(x, drag.from), Math.max(x, drag.from)];
      look(at(left), at(right), false);
      return;
    }
    const index = at(x);
    const bar = bars[index];
    const counted = buckets[index];
    if (!bar || !counted || counted.ok + counted.error + counted.cancelled === 0) return;
    const red = counted.error > 0 && fromBottom <= Math.max(bar.error, ERROR_REACH);
    look(index, index, red);
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -buckets.length, End: buckets.length };
    const by = step[event.key as keyof typeof step];
    if (by !== undefined) {
      const next = (chosen ?? buckets.length) + by;
      setChosen(Math.min(buckets.length - 1, Math.max(0, next)));
    } else if (event.key === "Enter" && chosen !== null) look(chosen, chosen, false);
    else return;
    event.preventDefault();
  };

  return (
    <div className="relative">
      <div
        ref={host}
        role="slider"
        tabIndex={0}
        aria-label="Calls over time"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, buckets.length - 1)}
        aria-valuenow={chosen ?? Math.max(0, buckets.length - 1)}
        aria-valuetext={bucket ? bucketWords(bucket, dateTime(bucket.at, zone)) : "None chosen"}
        onKeyDown={keys}
        onBlur={() => setChosen(null)}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: place(event).x, to: place(event).x });
        }}
        onPointerMove={(event) => {
          const { x, width } = place(event);
          setChosen(barAt(x, width, buckets.length));
          if (drag) setDrag({ ...drag, to: x });
        }}
        onPointerLeave={() => setChosen(null)}
        onPointerUp={up}
        onPointerCancel={() => setDrag(null)}
        className="relative cursor-crosshair touch-pan-y border-b"
        style={{ height: HEIGHT }}
      >
        <Bars bars={bars} chosen={chosen} />
        {drag && Math.abs(drag.to - drag.from) >= DRAG_MIN && (
          <div
            className="pointer-events-none absolute inset-y-0 border-x border-accent bg-accent opacity-20"
            style={{
              left: Math.min(drag.from, drag.to),
              width: Math.abs(drag.to - drag.from),
            }}
          />
        )}
      </div>
      <Ends buckets={buckets} seconds={seconds} zone={zone} />
      {bucket && chosen !== null && (
        <div
          aria-hidden
          className="pointer-events-none absolute top-14 z-20 mt-1 border bg-surface px-2.5 py-1.5 text-label whitespace-nowrap shadow-float"
          style={
            chosen > buckets.length / 2
              ? { right: `${100 - ((chosen + 1) / buckets.length) * 100}%` }
              : { left: `${(chosen / buckets.length) * 100}%` }
          }
        >
          <p className="text-muted">{dateTime(bucket.at, zone)}</p>
          <p>{countWords(bucket)}</p>
        </div>
      )}
    </div>
  );
}

const DAY_SECONDS = 86_400;

/** When the first bar begins and the last one ends. */
function Ends({
  buckets,
  seconds,
  zone,
}: Pick<HistogramProps, "buckets" | "seconds"> & { zone: Zone }) {
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (!first || !last) return null;
  const days = buckets.length * seconds >= DAY_SECONDS;
  const short = (at: Date) => dateTime(at, zone).slice(days ? 5 : 11, 16);
  return (
    <div aria-hidden className="flex justify-between pt-0.5 text-axis text-muted">
      <span>{short(new Date(first.at))}</span>
      <span>{short(new Date(Date.parse(last.at) + seconds * 1_000))}</span>
    </div>
  );
}

function Bars({ bars, chosen }: { bars: ReturnType<typeof barsOf>; chosen: number | null }) {
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 ${bars.length * 10} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="absolute inset-0 size-full"
    >
      {bars.map(({ ok, cancelled, error }, index) => {
        const x = index * 10 + 1;
        const look = chosen === null || chosen === index ? "" : "opacity-60";
        return (
          <g key={index} className={look}>
            <rect x={x} y={HEIGHT - error} width={8} height={error} className="fill-bad" />
            <rect
              x={x}
              y={HEIGHT - error - cancelled}
              width={8}
              height={cancelled}
              className="fill-warn"
            />
            <rect
              x={x}
              y={HEIGHT - error - cancelled - ok}
              width={8}
              height={ok}
              className="fill-line-strong"
            />
          </g>
        );
      })}
    </svg>
  );
}

/** `31 ok, 2 failed`. */
function countWords({ ok, error, cancelled }: LogBucket): string {
  const words = [`${whole(ok)} ok`];
  if (error > 0) words.push(`${whole(error)} failed`);
  if (cancelled > 0) words.push(`${whole(cancelled)} cancelled`);
  return words.join(", ");
}

const bucketWords = (bucket: LogBucket, at: string) => `${at}: ${countWords(bucket)}`;

/**
 * How an endpoint did, step by step over a range; `UptimeLine` is the same for a row of a list.
 *
 *     <UptimeStrip title="Last 24 hours" span={history} steps={endpoint.steps} />
 *     <UptimeLine label="Acme" span={history} steps={endpoint.steps} />
 *
 * Colour and shape say how a step went; a step without attempts is a gap. The pointer, a finger and the
 * arrow keys tell of one; "Table" has all of them.
 */
import { ChartNoAxesColumn, Table } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useId, useMemo, useState } from "react";
import { createPortal } from "react-dom";
import type { EndpointStep } from "~/api/endpoint-history";
import { useZone } from "~/app/preferences";
import { UNKNOWN, uptime, whole, type Zone } from "~/format";
import { Button } from "../Button";
import { Tooltip } from "../Tooltip";
import {
  countedWords,
  lookOf,
  lookWords,
  type Span,
  type Step,
  stepsOf,
  stepTime,
  stripSummary,
  uptimeWords,
  zoneOfSteps,
} from "./steps";
import { DRAWN, TickMark, Ticks } from "./Ticks";

interface Drawn {
  span: Span;
  /** Those with outcomes, as the API has them. */
  steps: readonly EndpointStep[];
}

export interface UptimeStripProps extends Drawn {
  title: string;
}

export function UptimeStrip({ title, span, steps: counted }: UptimeStripProps) {
  const [asTable, setAsTable] = useState(false);
  const [chosen] = useZone();
  const id = useId();
  const zone = zoneOfSteps(span, chosen);
  const steps = useMemo(() => stepsOf(span, counted), [span, counted]);
  return (
    <figure aria-labelledby={id} className="min-w-0">
      <div className="flex items-center gap-1 pb-1">
        <figcaption id={id} className="font-medium">
          {title}
        </figcaption>
        <div className="ml-auto">
          <Tooltip text={asTable ? "As strip" : "As table"}>
            <Button
              variant="quiet"
              size="sm"
              aria-label={`${title} as ${asTable ? "strip" : "table"}`}
              onClick={() => setAsTable(!asTable)}
              icon={
                asTable ? (
                  <ChartNoAxesColumn aria-hidden className="size-3.5" />
                ) : (
                  <Table aria-hidden className="size-3.5" />
                )
              }
            />
          </Tooltip>
        </div>
      </div>
      {asTable ? (
        <StepTable label={title} steps={steps} zone={zone} />
      ) : (
        <Strip title={title} span={span} steps={steps} zone={zone} />
      )}
    </figure>
  );
}

interface StripProps {
  title: string;
  span: Span;
  steps: readonly Step[];
  zone: Zone;
}

function Strip({ title, span, steps, zone }: StripProps) {
  const [current, setCurrent] = useState<number | null>(null);
  const last = steps.length - 1;
  const now = Math.min(current ?? last, last);
  const step = steps[now];
  const move = (event: KeyboardEvent) => {
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setCurrent(Math.max(0, Math.min(last, next)));
  };
  const point = (event: PointerEvent) => setCurrent(stepAt(event, steps.length));
  const leave = (event: PointerEvent) => {
    if (event.pointerType === "mouse") setCurrent(null);
  };
  const first = steps[0];
  const looks = new Set(steps.map(({ counted }) => lookOf(counted)));
  const share = (now + 0.5) / steps.length;
  return (
    <>
      <div className="relative border-b border-line-strong">
        <div role="img" aria-label={`${title}: ${stripSummary(span, steps)}`}>
          <Ticks steps={steps} current={current} className="h-8" />
        </div>
        {step && (
          <div
            role="slider"
            tabIndex={0}
            aria-label={`${title}, step by step`}
            aria-valuemin={0}
            aria-valuemax={last}
            aria-valuenow={now}
            aria-valuetext={`${stepTime(step, zone)}: ${uptimeWords(step.counted)}, ${countedWords(step.counted)}`}
            onKeyDown={move}
            onFocus={() => setCurrent((before) => before ?? last)}
            onBlur={() => setCurrent(null)}
            onPointerDown={point}
            onPointerMove={point}
            onPointerLeave={leave}
            className="absolute inset-0 touch-pan-y"
          />
        )}
        {current !== null && step && (
          <div
            aria-hidden
            className="pointer-events-none absolute top-full z-10 mt-1 border bg-surface px-2.5 py-1.5 text-label whitespace-nowrap shadow-float"
            style={share > 0.5 ? { right: `${(1 - share) * 100}%` } : { left: `${share * 100}%` }}
          >
            <Told step={step} zone={zone} />
          </div>
        )}
      </div>
      {first && (
        <p aria-hidden className="flex justify-between pt-1 text-axis text-muted">
          <span>{stepTime(first, zone).split("–")[0]}</span>
          <span>now</span>
        </p>
      )}
      <ul className="flex flex-wrap gap-x-4 gap-y-1 pt-1 text-label">
        {DRAWN.filter((look) => looks.has(look)).map((look) => (
          <li key={look} className="flex items-center gap-1.5">
            <TickMark look={look} />
            {lookWords(look)}
          </li>
        ))}
        {looks.has("none") && <li className="text-muted">A gap: no attempts</li>}
      </ul>
    </>
  );
}

/** The step that the pointer is over. */
function stepAt({ currentTarget, clientX }: PointerEvent, count: number): number {
  const { left, width } = currentTarget.getBoundingClientRect();
  return Math.max(0, Math.min(count - 1, Math.floor(((clientX - left) / width) * count)));
}

function Told({ step, zone }: { step: Step; zone: Zone }) {
  return (
    <>
      <p className="text-muted">{stepTime(step, zone)}</p>
      <p className="font-medium">{uptimeWords(step.counted)}</p>
      {step.counted && <p>{countedWords(step.counted)}</p>}
    </>
  );
}

const HEADERS = ["Uptime", "Succeeded", "Failed", "Rate-limited", "By callers"];

function StepTable({ label, steps, zone }: { label: string; steps: readonly Step[]; zone: Zone }) {
  const called = steps.flatMap((step) => (step.counted ? [{ step, counted: step.counted }] : []));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div tabIndex={0} className="max-h-60 overflow-auto border">
      <table aria-label={label} className="w-full">
        <thead className="sticky top-0 bg-bg text-label text-muted">
          <tr>
            <th scope="col" className="px-2 py-1 text-left font-normal">
              Time
            </th>
            {HEADERS.map((header) => (
              <th
                key={header}
                scope="col"
                className="px-2 py-1 text-right font-normal whitespace-nowrap"
              >
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {called.map(({ step, counted }) => (
            <tr key={step.starts} className="border-t">
              <th scope="row" className="px-2 py-1 text-left font-normal whitespace-nowrap">
                {stepTime(step, zone)}
              </th>
              {[
                counted.uptime === null ? UNKNOWN : uptime(counted.uptime / 100),
                whole(counted.succeeded),
                whole(counted.failed),
                whole(counted.rate_limited),
                whole(counted.callers),
              ].map((text, at) => (
                <td key={HEADERS[at]} className="px-2 py-1 text-right whitespace-nowrap">
                  {text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export interface UptimeLineProps extends Drawn {
  /** Whose it is, for those who don't see the row. */
  label: string;
}

interface Pointed {
  at: number;
  left: number;
  top: number;
}

/** As high as a line of text. The keyboard finds the same in what the row opens. */
export function UptimeLine({ label, span, steps: counted }: UptimeLineProps) {
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [chosen] = useZone();
  const zone = zoneOfSteps(span, chosen);
  const steps = useMemo(() => stepsOf(span, counted), [span, counted]);
  const step = pointed && steps[pointed.at];
  const point = (event: PointerEvent) => {
    if (event.pointerType !== "mouse") return;
    const { bottom } = event.currentTarget.getBoundingClientRect();
    setPointed({ at: stepAt(event, steps.length), left: event.clientX, top: bottom + 4 });
  };
  return (
    <div
      role="img"
      aria-label={`${label}: ${stripSummary(span, steps)}`}
      onPointerMove={point}
      onPointerLeave={() => setPointed(null)}
      className="min-w-0 flex-1 border-b"
    >
      <Ticks steps={steps} current={pointed?.at ?? null} className="h-4" />
      {/* A row cuts what stands out of it. */}
      {pointed &&
        step &&
        createPortal(
          <div
            aria-hidden
            className="pointer-events-none fixed z-50 border bg-surface px-2.5 py-1.5 text-label whitespace-nowrap shadow-float"
            style={{
              top: pointed.top,
              ...(pointed.left > window.innerWidth / 2
                ? { right: window.innerWidth - pointed.left }
                : { left: pointed.left }),
            }}
          >
            <Told step={step} zone={zone} />
          </div>,
          document.body,
        )}
    </div>
  );
}

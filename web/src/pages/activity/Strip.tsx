import type { ReactNode } from "react";
import type { UsageRow } from "~/api/analytics";
import { classes } from "~/components/classes";
import { sumText } from "~/components/usage/metric-text";
import { change, exact, type Maybe, percent, whole } from "~/format";
import { LogLink } from "./LogLink";
import { countedBy } from "./log-link";
import { METRICS, SHOWN, type Shown } from "./metrics";
import type { View } from "./view";

export interface StripProps {
  view: View;
  metric: Shown;
  onMetric: (metric: Shown) => void;
  sums: UsageRow | undefined;
  /** What is over of the period, and the same part of the one before. */
  now: UsageRow | undefined;
  before: UsageRow | undefined;
  /** Whether anything of the period is over. */
  comparable: boolean;
}

/** The numbers on top. A name chooses what the chart shows; a number leads to its rows. */
export function Strip(props: StripProps) {
  const { view, metric, onMetric, sums, now, before, comparable } = props;
  const shown = SHOWN.filter((one) => one !== "latency_p50" || view.period.timed);
  return (
    <dl className="grid grid-cols-2 gap-x-3 gap-y-4 @xl:grid-cols-3 @4xl:grid-cols-5 @4xl:gap-x-0 @4xl:divide-x">
      {shown.map((one) => (
        <div key={one} className="min-w-0 @4xl:px-4 @4xl:first:pl-0">
          <dt>
            <button
              type="button"
              aria-pressed={metric === one}
              onClick={() => onMetric(one)}
              className={classes(
                "-mx-1 mb-1 block h-6 max-w-full truncate rounded-sm px-1 hover:bg-hover pointer-coarse:h-11",
                metric === one ? "font-medium text-accent" : "text-muted",
              )}
            >
              {METRICS[one].label}
            </button>
          </dt>
          <dd className="min-w-0">
            <div className="flex flex-wrap items-baseline gap-x-2">
              <LogLink
                filters={countedBy(view.filters, one)}
                span={view.period}
                className={classes(
                  "text-figure font-medium tracking-tight hover:underline",
                  one === "failed" && Number(sums?.failed ?? 0) > 0 && "text-bad",
                )}
              >
                <span title={titleOf(one, sums)}>{figureOf(one, sums)}</span>
              </LogLink>
              <Beside metric={one} sums={sums} />
            </div>
            {comparable && (
              <Changed
                metric={one}
                now={figureIn(now, one)}
                before={figureIn(before, one)}
                period={view.range.range}
              />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const figureIn = (row: UsageRow | undefined, metric: Shown): number | null =>
  row?.[metric] == null ? null : Number(row[metric]);

function figureOf(metric: Shown, sums: UsageRow | undefined): string {
  // No calls at all are a sum of zero; how long none took is unknown.
  const value = sums?.[metric] ?? (METRICS[metric].isRate ? null : 0);
  return sumText(value, METRICS[metric].format);
}

function titleOf(metric: Shown, sums: UsageRow | undefined): string | undefined {
  const value = sums?.[metric];
  if (value == null || METRICS[metric].isRate) return undefined;
  return metric === "usage" ? exact(value) : whole(Number(value));
}

/** What belongs to a number: how many calls succeeded, how slow the slowest were. */
function Beside({ metric, sums }: { metric: Shown; sums: UsageRow | undefined }): ReactNode {
  const text = besideText(metric, sums);
  return text && <span className="whitespace-nowrap text-muted">{text}</span>;
}

function besideText(metric: Shown, sums: UsageRow | undefined): string | null {
  if (!sums) return null;
  const requests = Number(sums.requests ?? 0);
  switch (metric) {
    case "usage":
      return Number(sums.byok_usage ?? 0) > 0
        ? `and ${sumText(sums.byok_usage, "currency")} by own keys`
        : null;
    case "requests":
      return requests > 0 ? `${percent(1 - Number(sums.failed ?? 0) / requests)} succeeded` : null;
    case "failed":
      return requests > 0 ? percent(Number(sums.failed ?? 0) / requests) : null;
    case "total_tokens":
      return Number(sums.cached_tokens ?? 0) > 0
        ? `${sumText(sums.cached_tokens, "number")} cached`
        : null;
    case "latency_p50":
      return sums.latency_p95 == null ? null : `p95 ${sumText(sums.latency_p95, "latency")}`;
  }
}

interface ChangedProps {
  metric: Shown;
  now: Maybe<number>;
  before: Maybe<number>;
  period: View["range"]["range"];
}

/** How a number differs from the same part of the period before. */
function Changed({ metric, now, before, period }: ChangedProps) {
  const earlier = beforeWords(period);
  if (before == null || before === 0) {
    return <span className="block text-label text-muted">nothing {earlier}</span>;
  }
  const value = now ?? (METRICS[metric].isRate ? null : 0);
  return (
    <span
      className="block text-label text-muted"
      title={`${sumText(value, METRICS[metric].format)} in hours that are over, ${sumText(before, METRICS[metric].format)} before`}
    >
      <span className="font-medium text-text">{change(value, before)}</span> vs {earlier}
    </span>
  );
}

/** What is compared with, in words. */
export function beforeWords(range: View["range"]["range"]): string {
  if (range.kind === "fixed") return "the span before";
  switch (range.name) {
    case "today":
      return "yesterday by now";
    case "yesterday":
      return "the day before";
    case "month":
      return "last month by now";
    default:
      return "the span before";
  }
}

import { classes } from "~/components/classes";
import { Money } from "~/components/Money";
import { percent, relative } from "~/format";
import { INTERVAL_NAMES, paceOf, periodOf } from "./interval";
import type { Line } from "./queries";
import { useMinute } from "./use-minute";

/** A tick that is nearer to the end of the bar says nothing. */
const TICK_MIN = 0.02;

/** A bound with its bar: what is spent, where the rate leads to, what is left, when it begins anew. */
export function BudgetLine({ line, of }: { line: Line; of: string }) {
  const now = useMinute();
  const { interval, limit, spent, share } = line;
  const name = line.plain ? `${INTERVAL_NAMES[interval]}, limit` : INTERVAL_NAMES[interval];
  const pace = spent === null ? null : paceOf(interval, share, now);
  const period = periodOf(interval, now);
  const tone = share >= 1 ? "bad" : share >= 0.8 || pace?.usedUpAt ? "warn" : "plain";
  return (
    <li className="grid grid-cols-[6rem_minmax(0,1fr)] items-center gap-x-4 py-1 md:grid-cols-[6rem_minmax(6rem,1fr)_11rem_7rem_12rem]">
      <span className="text-muted">{name}</span>
      <span
        role="meter"
        aria-label={`${name} of ${of}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(Math.min(share, 1) * 100)}
        aria-valuetext={`${percent(share)} spent`}
        className="relative h-2 bg-line"
      >
        <span
          className={classes(
            "block h-full",
            tone === "bad" ? "bg-bad" : tone === "warn" ? "bg-warn" : "bg-text",
          )}
          style={{ width: `${Math.min(share, 1) * 100}%` }}
        />
        {pace && pace.share > share + TICK_MIN && (
          <span
            aria-hidden
            title={`At this rate ${percent(pace.share)} at the end`}
            className="absolute -top-0.5 -bottom-0.5 w-0.5 bg-accent"
            style={{ left: `calc(${Math.min(pace.share, 1) * 100}% - 1px)` }}
          />
        )}
      </span>
      <span className="col-start-2 flex flex-wrap gap-x-4 md:contents">
        <span className="whitespace-nowrap md:text-right">
          <Money dollars={spent} /> <span className="text-muted">of</span> <Money dollars={limit} />
        </span>
        <span className="whitespace-nowrap md:text-right">
          {share >= 1 ? (
            <span className="font-medium text-bad">Used up</span>
          ) : (
            <>
              <Money dollars={line.left} /> <span className="text-muted">left</span>
            </>
          )}
        </span>
        <span className={classes("truncate", tone === "warn" ? "text-warn" : "text-muted")}>
          {pace?.usedUpAt
            ? `Gone ${relative(pace.usedUpAt, now)} at this rate`
            : period
              ? `Begins anew ${relative(period.end, now)}`
              : "Never begins anew"}
        </span>
      </span>
    </li>
  );
}

/**
 * What was spent of a limit. Says which limit binds, never "Unlimited" where one above does.
 *
 *     <LimitBar spent="12.40" limit="20" share={0.62} note="Team budget, resets in 3 d" />
 *
 * `share` comes with the numbers: money is not divided here where the server can do it. From 80 % on
 * it is amber, from 100 % red, and it says so.
 */
import { amount, cost, type Maybe, percent } from "~/format";
import { classes } from "./classes";

export interface LimitBarProps {
  spent: Maybe<string | number>;
  /** Null where there is none. */
  limit: Maybe<string | number>;
  /** Of the limit, from 0; computed for the width alone where it is left out. */
  share?: number;
  note?: string;
  label?: string;
}

/** As on a bank statement, but what is less than a cent is not nothing. */
const dollars = (value: Maybe<string | number>) =>
  value != null && Number(value) > 0 && Number(value) < 0.01 ? cost(value) : amount(value);

export function LimitBar({ spent, limit, share, note, label = "Spent" }: LimitBarProps) {
  if (limit == null) {
    return (
      <span>
        {dollars(spent)} <span className="text-muted">{note ?? "no limit of its own"}</span>
      </span>
    );
  }
  const used = share ?? Number(spent ?? 0) / Math.max(Number(limit), Number.MIN_VALUE);
  const tone = used >= 1 ? "bad" : used >= 0.8 ? "warn" : "plain";
  const words = `${dollars(spent)} of ${dollars(limit)}`;
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <span
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(Math.min(used, 1) * 100)}
        aria-valuetext={`${words}, ${percent(used)}`}
        className="h-1.5 w-16 shrink-0 overflow-hidden bg-line"
      >
        <span
          className={classes(
            "block h-full",
            tone === "bad" ? "bg-bad" : tone === "warn" ? "bg-warn" : "bg-text",
          )}
          style={{ width: `${Math.min(used, 1) * 100}%` }}
        />
      </span>
      <span className="truncate" title={note ? `${words}. ${note}` : words}>
        {dollars(spent)} <span className="text-muted">of {dollars(limit)}</span>
        {tone === "bad" && <span className="ml-1.5 text-bad">used up</span>}
        {note && <span className="ml-1.5 text-muted">{note}</span>}
      </span>
    </span>
  );
}

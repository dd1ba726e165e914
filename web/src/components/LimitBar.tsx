/**
 * What was spent of a limit. Says which limit binds, never "Unlimited" where one above does.
 *
 *     <LimitBar spent="12.40" limit="20" share={0.62} note="Team budget, resets in 3 d" />
 *
 * `share` comes with the numbers: money is not divided here where the server can do it. From 80 % on
 * it is amber, from 100 % red, and it says so.
 */
import { amount, type Maybe, percent } from "~/format";
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

export function LimitBar({ spent, limit, share, note, label = "Spent" }: LimitBarProps) {
  if (limit == null) {
    return (
      <span>
        {amount(spent)} <span className="text-muted">{note ?? "no limit"}</span>
      </span>
    );
  }
  const used = share ?? Number(spent ?? 0) / Math.max(Number(limit), Number.MIN_VALUE);
  const tone = used >= 1 ? "bad" : used >= 0.8 ? "warn" : "plain";
  const words = `${amount(spent)} of ${amount(limit)}`;
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
        {amount(spent)} <span className="text-muted">of {amount(limit)}</span>
        {tone === "bad" && <span className="ml-1.5 text-bad">used up</span>}
        {note && <span className="ml-1.5 text-muted">{note}</span>}
      </span>
    </span>
  );
}

import { sumOf } from "~/format/decimal";
import type { Day, Movement, Statement } from "./queries";

/** A line of the ledger, with what was there after it. */
export interface Entry extends Movement {
  /** Null where the days do not add up to what the statement says. */
  balance: string | null;
}

/** What calls of a day cost, as a movement. */
export const CALLS = "calls of the day";
/** Lines of a statement that are no movement of their own: they are told at its end. */
const AT_THE_END: readonly string[] = ["usage_returned", "corrections"];

/** The first and last instant of a UTC day, as movements have theirs. */
const endOf = (date: string): string => `${date}T23:59:59.999Z`;

/**
 * What was entered and what calls cost, by day, the newest first, each with the balance after it. Calls
 * of a day stand at its end. It is exact or it is not there: the last balance has to be that of the
 * statement.
 */
export function ledgerOf(
  statement: Pick<
    Statement,
    "month" | "opening_balance" | "closing_balance" | "balance" | "movements"
  >,
  days: readonly Day[],
): Entry[] {
  const own = (movement: Movement): Entry => ({ ...movement, balance: null });
  const calls = days
    .filter(({ date, usage }) => date.startsWith(statement.month) && Number(usage) !== 0)
    .map(({ date, usage }): Movement => {
      const amount = sumOf([usage]) ?? "0";
      return { ...NOTHING, at: endOf(date), kind: CALLS, id: date, amount: negative(amount) };
    });
  const last = [...statement.movements, ...calls].reduce(
    (latest, { at }) => (at > latest ? at : latest),
    "",
  );
  const others = statement.balance
    .filter(({ name, amount }) => AT_THE_END.includes(name) && Number(amount) !== 0)
    .map(({ name, amount }): Movement => ({ ...NOTHING, at: last, kind: name, id: name, amount }));
  const entries = [...statement.movements, ...calls]
    .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
    .concat(others)
    .map(own);
  let balance: string | null = statement.opening_balance;
  for (const entry of entries) {
    balance = balance === null ? null : sumOf([balance, entry.amount]);
    entry.balance = balance;
  }
  if (balance === sumOf([statement.closing_balance])) return entries.reverse();
  return statement.movements.map(own).reverse();
}

const NOTHING = { reference: null, note: null };

const negative = (amount: string): string =>
  amount.startsWith("-") ? amount.slice(1) : `-${amount}`;

const DAY_MS = 86_400_000;

/**
 * For how many days a balance lasts at what calls cost lately; null where nothing was spent. A history
 * of less than a day counts as one.
 */
export function runwayOf(
  balance: string,
  days: readonly Day[],
  now: Date,
  span: number,
): number | null {
  const today = Date.parse(`${now.toISOString().slice(0, "2026-11-22".length)}T00:00:00Z`);
  const from = today - (span - 1) * DAY_MS;
  const lately = days.filter(
    ({ date, usage }) => Date.parse(`${date}T00:00:00Z`) >= from && Number(usage) > 0,
  );
  const first = Math.min(...lately.map(({ date }) => Date.parse(`${date}T00:00:00Z`)));
  const spent = lately.reduce((sum, { usage }) => sum + Number(usage), 0);
  if (spent <= 0) return null;
  const elapsed = Math.max(1, (now.getTime() - first) / DAY_MS);
  return Math.max(0, Number(balance)) / (spent / elapsed);
}

/** `≈ 12 days`; of more than a year that it is more. */
export function runwayWords(days: number): string {
  if (days > 365) return "over a year";
  if (days < 1) return "under a day";
  const whole = Math.floor(days);
  return `≈\u202f${whole} ${whole === 1 ? "day" : "days"}`;
}

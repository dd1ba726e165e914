import { type Decimal, magnitudeText, parseDecimal } from "~/format/decimal";

/** Exact differences of decimal text: what is left of a limit. No floating point touches money. */
type Amount = string | number;

/** The whole number that a decimal is at a scale. */
function at(value: Decimal, scale: number): bigint {
  const digits = value.digits * 10n ** BigInt(scale - value.scale);
  return value.negative ? -digits : digits;
}

/** One less the other; null where one of them is no number. */
function difference(one: Amount, other: Amount): Decimal | null {
  const [a, b] = [parseDecimal(one), parseDecimal(other)];
  if (!a || !b) return null;
  const scale = Math.max(a.scale, b.scale);
  const digits = at(a, scale) - at(b, scale);
  return { negative: digits < 0n, digits: digits < 0n ? -digits : digits, scale };
}

/** What is left of a limit; nothing where more was spent. */
export function left(limit: Amount, spent: Amount): string | null {
  const rest = difference(limit, spent);
  if (!rest) return null;
  return rest.negative ? "0" : magnitudeText(rest);
}

/** Two amounts together, such as what was spent here and at providers' own accounts. */
export function together(one: Amount, other: Amount): string {
  const negated = String(other).startsWith("-") ? String(other).slice(1) : `-${other}`;
  const sum = difference(one, negated);
  return sum ? `${sum.negative ? "-" : ""}${magnitudeText(sum)}` : String(one);
}

/** Whether one amount is less than another. */
export function isLess(one: Amount, other: Amount): boolean {
  return difference(one, other)?.negative ?? false;
}

import {
  compareMagnitude,
  type Decimal,
  magnitudeText,
  parseDecimal,
  roundDecimal,
  trimZeros,
} from "./decimal";
import { type Maybe, UNKNOWN } from "./unknown";

const ONE: Decimal = { negative: false, digits: 1n, scale: 0 };
const THOUSAND: Decimal = { negative: false, digits: 1000n, scale: 0 };
const SMALLEST: Decimal = { negative: false, digits: 1n, scale: 6 };
const TEN_CENTS: Decimal = { negative: false, digits: 1n, scale: 1 };

/** Places after the point that leave so many significant digits of a number below one. */
function placesFor(value: Decimal, significant: number): number {
  const length = value.digits.toString().length;
  return value.scale - length + significant;
}

const signed = (value: Decimal, text: string) => `${value.negative ? "−" : ""}$${text}`;

/**
 * The cost of one request in US dollars: two decimals from a dollar on; below it three significant
 * digits, at most six decimals. `$0` is free; a tiny cost is `<$0.000001`, never zero.
 */
export function cost(dollars: Maybe<string | number>): string {
  const value = dollars == null ? null : parseDecimal(dollars);
  if (!value) return UNKNOWN;
  if (value.digits === 0n) return "$0";
  if (compareMagnitude(value, SMALLEST) < 0) return value.negative ? "−<$0.000001" : "<$0.000001";
  if (compareMagnitude(value, ONE) >= 0) {
    return signed(value, magnitudeText(roundDecimal(value, 2), true));
  }
  const places = Math.min(6, Math.max(2, placesFor(value, 3)));
  const rounded = roundDecimal(value, places);
  const text = magnitudeText(rounded);
  return signed(rounded, places > 2 ? atLeastCents(trimZeros(text)) : text);
}

/** `0.1` as `0.10`: money below a dollar has at least two places. */
function atLeastCents(text: string): string {
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(2, "0")}`;
}

/** A sum, such as what a month cost: as a cost, but without cents from a thousand dollars on. */
export function total(dollars: Maybe<string | number>): string {
  const value = dollars == null ? null : parseDecimal(dollars);
  if (!value) return UNKNOWN;
  if (compareMagnitude(roundDecimal(value, 0), THOUSAND) < 0) return cost(dollars);
  return signed(value, magnitudeText(roundDecimal(value, 0), true));
}

/** Every digit there is, for titles and the clipboard: `$1,204.000142`. */
export function exact(dollars: Maybe<string | number>): string {
  const value = dollars == null ? null : parseDecimal(dollars);
  if (!value) return UNKNOWN;
  const text = trimZeros(magnitudeText(value, true));
  return signed(value, text.includes(".") ? atLeastCents(text) : text);
}

/** An amount of an account or a limit: always two decimals, as on a bank statement. */
export function amount(dollars: Maybe<string | number>): string {
  const value = dollars == null ? null : parseDecimal(dollars);
  if (!value) return UNKNOWN;
  const rounded = roundDecimal(value, 2);
  return signed(rounded, magnitudeText(rounded, true));
}

/**
 * A price per token as dollars per million: two decimals, up to four below ten cents. Below zero is
 * what routers have, whose price depends on the model that they find.
 */
export function perMillion(dollarsPerToken: Maybe<string | number>): string {
  const value = dollarsPerToken == null ? null : parseDecimal(dollarsPerToken);
  if (!value) return UNKNOWN;
  if (value.digits === 0n) return "$0";
  if (value.negative) return "varies";
  const million = shiftPoint(value, 6);
  if (compareMagnitude(million, TEN_CENTS) >= 0) {
    return signed(million, magnitudeText(roundDecimal(million, 2), true));
  }
  const rounded = roundDecimal(million, 4);
  if (rounded.digits === 0n) return "<$0.0001";
  return signed(rounded, atLeastCents(trimZeros(magnitudeText(rounded))));
}

/** The number times 10^places. */
function shiftPoint(value: Decimal, places: number): Decimal {
  if (value.scale >= places) return { ...value, scale: value.scale - places };
  return { ...value, digits: value.digits * 10n ** BigInt(places - value.scale), scale: 0 };
}

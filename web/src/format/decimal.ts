/**
 * Decimal numbers as the server sends them: exact text, never floating point. Money is read,
 * rounded and compared with these; no page multiplies money, and what is added up is checked against
 * what the server says.
 */
export interface Decimal {
  negative: boolean;
  /** The number times 10^scale. */
  digits: bigint;
  scale: number;
}

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Reads `"0.00142"`, `"-3"`, `"8.3e-5"`; null for anything that is no decimal number. */
export function parseDecimal(value: string | number): Decimal | null {
  const match = FORM.exec(String(value).trim());
  if (!match) return null;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return null;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${whole}${fraction}`);
  const negative = sign === "-" && digits !== 0n;
  if (scale >= 0) return { negative, digits, scale };
  return { negative, digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Rounded half away from zero to so many places after the point. */
export function roundDecimal(value: Decimal, places: number): Decimal {
  if (value.scale <= places) {
    return {
      ...value,
      digits: value.digits * 10n ** BigInt(places - value.scale),
      scale: places,
    };
  }
  const unit = 10n ** BigInt(value.scale - places);
  const digits = (value.digits + unit / 2n) / unit;
  return { negative: value.negative && digits !== 0n, digits, scale: places };
}

/** How the absolute value of one compares to that of another: -1, 0 or 1. */
export function compareMagnitude(one: Decimal, other: Decimal): -1 | 0 | 1 {
  const scale = Math.max(one.scale, other.scale);
  const a = roundDecimal(one, scale).digits;
  const b = roundDecimal(other, scale).digits;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The exact difference of two amounts that the server named, as decimal text: what was spent of a
 * limit of which so much is left. Null where one of them is no number.
 */
export function difference(one: string | number, other: string | number): string | null {
  const [a, b] = [parseDecimal(one), parseDecimal(other)];
  if (!a || !b) return null;
  const scale = Math.max(a.scale, b.scale);
  const whole = (value: Decimal) => {
    const { digits } = roundDecimal(value, scale);
    return value.negative ? -digits : digits;
  };
  const digits = whole(a) - whole(b);
  const text = magnitudeText({ negative: false, digits: digits < 0n ? -digits : digits, scale });
  return trimZeros(digits < 0n ? `-${text}` : text);
}

/** The exact sum of amounts that the server named, as decimal text; null where one is no number. */
export function sumOf(amounts: readonly (string | number)[]): string | null {
  let sum: string | null = "0";
  for (const amount of amounts) {
    const value = parseDecimal(amount);
    if (!value || sum === null) return null;
    const text = magnitudeText(value);
    sum = difference(sum, value.negative ? text : `-${text}`);
  }
  return sum;
}

/** The absolute value in plain digits, with `,` between thousands when asked. */
export function magnitudeText(value: Decimal, grouped = false): string {
  const all = value.digits.toString().padStart(value.scale + 1, "0");
  const whole = all.slice(0, all.length - value.scale);
  const fraction = value.scale > 0 ? `.${all.slice(all.length - value.scale)}` : "";
  return (grouped ? group(whole) : whole) + fraction;
}

/** `1234567` as `1,234,567`. */
export function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Without the zeros after the point that say nothing: `0.100` is `0.1`. */
export function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

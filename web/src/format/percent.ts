import { type Maybe, NARROW, UNKNOWN } from "./unknown";

/** A share from 0 to 1 with one decimal: `12.5 %`. */
export function percent(share: Maybe<number>): string {
  if (share == null || !Number.isFinite(share)) return UNKNOWN;
  return `${(share * 100).toFixed(1)}${NARROW}%`;
}

/** Uptime with two decimals, floored: 99.996 % is not 100 %. */
export function uptime(share: Maybe<number>): string {
  if (share == null || !Number.isFinite(share)) return UNKNOWN;
  // The tiny term undoes 0.9999 * 10000 = 9998.999….
  const hundredths = Math.floor(share * 10_000 + 1e-9);
  return `${(hundredths / 100).toFixed(2)}${NARROW}%`;
}

/** How a number changed from another: `+12 %`, `−3 %`, `±0 %`; unknown where there was nothing. */
export function change(now: Maybe<number>, before: Maybe<number>): string {
  if (now == null || before == null || before === 0) return UNKNOWN;
  const rounded = Math.round(((now - before) / Math.abs(before)) * 100);
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "±";
  return `${sign}${Math.abs(rounded)}${NARROW}%`;
}

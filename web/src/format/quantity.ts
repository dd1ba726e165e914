import { group } from "./decimal";
import { type Maybe, NARROW, UNKNOWN } from "./unknown";

const STEPS: [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
];

/** A whole number, every digit of it: `1,204,318`. */
export function whole(count: Maybe<number>): string {
  if (count == null || !Number.isFinite(count)) return UNKNOWN;
  const rounded = Math.round(count);
  return `${rounded < 0 ? "−" : ""}${group(String(Math.abs(rounded)))}`;
}

/** Tokens and other counts: exact below 10,000, then `12.3 K`, `91.32 M`, `1.20 B`. */
export function quantity(count: Maybe<number>): string {
  if (count == null || !Number.isFinite(count)) return UNKNOWN;
  if (Math.abs(count) < 10_000) return whole(count);
  const magnitude = Math.abs(count);
  for (const [index, [unit, letter]] of STEPS.entries()) {
    if (magnitude < unit) continue;
    const places = letter === "K" ? 1 : 2;
    const text = (magnitude / unit).toFixed(places);
    const above = STEPS[index - 1];
    // 999,960 is not 1000.0 K.
    if (Number(text) >= 1000 && above) {
      return `${count < 0 ? "−" : ""}${(1).toFixed(2)}${NARROW}${above[1]}`;
    }
    return `${count < 0 ? "−" : ""}${text}${NARROW}${letter}`;
  }
  return whole(count);
}

/** What went in and what came out: `1,204 → 318`, with `(900 cached)` when some was. */
export function tokens(
  input: Maybe<number>,
  output: Maybe<number>,
  cached: Maybe<number> = null,
): string {
  const text = `${quantity(input)} → ${quantity(output)}`;
  return cached ? `${text} (${quantity(cached)} cached)` : text;
}

/** `86 tok/s`, of tokens made in so many milliseconds. */
export function speed(count: Maybe<number>, ms: Maybe<number>): string {
  if (count == null || !ms || ms <= 0) return UNKNOWN;
  return `${Math.round((count * 1000) / ms)}${NARROW}tok/s`;
}

/** Sizes in bytes: `730 B`, `1.4 KB`, `282 KB`, `1.5 MB`. */
export function bytes(count: Maybe<number>): string {
  if (count == null || !Number.isFinite(count)) return UNKNOWN;
  if (count < 1000) return `${count}${NARROW}B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = count;
  for (const unit of units) {
    value /= 1000;
    if (value < 999.5 || unit === "TB") {
      return `${value.toFixed(value < 10 ? 1 : 0)}${NARROW}${unit}`;
    }
  }
  return UNKNOWN;
}

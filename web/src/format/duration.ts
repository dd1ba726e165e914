import { type Maybe, NARROW, UNKNOWN } from "./unknown";

/** A duration in milliseconds: `85 µs`, `1.8 ms`, `412 ms`, `1.84 s`, `12.3 s`, `2 m 05 s`, `3 h 07 m`. */
export function duration(ms: Maybe<number>): string {
  if (ms == null || !Number.isFinite(ms) || ms < 0) return UNKNOWN;
  if (ms === 0) return `0${NARROW}ms`;
  if (ms < 0.9995) return `${Math.round(ms * 1000)}${NARROW}µs`;
  if (ms < 9.95) return `${trimPoint(ms.toFixed(1))}${NARROW}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${NARROW}ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)}${NARROW}s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}${NARROW}s`;
  return long(Math.round(ms / 1000));
}

const trimPoint = (text: string) => text.replace(/\.0$/, "");

const two = (value: number) => String(value).padStart(2, "0");

/** Whole seconds from a minute on. */
function long(seconds: number): string {
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)}${NARROW}m ${two(seconds % 60)}${NARROW}s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) {
    return `${Math.floor(minutes / 60)}${NARROW}h ${two(minutes % 60)}${NARROW}m`;
  }
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}${NARROW}d ${two(hours % 24)}${NARROW}h`;
}

import { type Maybe, UNKNOWN } from "./unknown";

/** The one clock of the application shows either UTC or the browser's zone. */
export type Zone = "utc" | "local";

type Instant = string | number | Date;

/** Text is RFC 3339; a number is Unix seconds. */
export function instant(value: Maybe<Instant>): Date | null {
  if (value == null || value === "") return null;
  const date = typeof value === "number" ? new Date(value * 1000) : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

const two = (value: number) => String(value).padStart(2, "0");

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function parts(date: Date, zone: Zone): Parts {
  return zone === "utc"
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth() + 1,
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
      };
}

/** `2026-11-20 18:04:31`. */
export function dateTime(value: Maybe<Instant>, zone: Zone): string {
  const date = instant(value);
  return date ? `${day(date, zone)} ${timeOfDay(date, zone)}` : UNKNOWN;
}

/** `2026-11-20`. */
export function day(value: Maybe<Instant>, zone: Zone): string {
  const date = instant(value);
  if (!date) return UNKNOWN;
  const at = parts(date, zone);
  return `${at.year}-${two(at.month)}-${two(at.day)}`;
}

/** `18:04:31`. */
export function timeOfDay(value: Maybe<Instant>, zone: Zone): string {
  const date = instant(value);
  if (!date) return UNKNOWN;
  const at = parts(date, zone);
  return `${two(at.hour)}:${two(at.minute)}:${two(at.second)}`;
}

const STEPS: [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** `3 min ago`, `in 2 h`. Show the exact time beside it, on hover and focus at least. */
export function relative(value: Maybe<Instant>, now: Date): string {
  const date = instant(value);
  if (!date) return UNKNOWN;
  const seconds = Math.round((date.getTime() - now.getTime()) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 45) return seconds > 0 ? "in a moment" : "just now";
  for (const [unit, name] of STEPS) {
    if (distance < unit && unit !== 60) continue;
    const count = Math.max(1, Math.round(distance / unit));
    return seconds > 0 ? `in ${count} ${name}` : `${count} ${name} ago`;
  }
  return UNKNOWN;
}

/** What the zone is called, for the line that says it once per page: `UTC`, `Europe/Berlin`. */
export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

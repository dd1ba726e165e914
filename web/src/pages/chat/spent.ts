import { magnitudeText, parseDecimal, roundDecimal } from "~/format/decimal";
import type { Allowance } from "./playground-key";

/** What was spent of a limit, exactly: the limit without what is left. */
export function spentOf({ limit, left }: Allowance): string | null {
  const whole = limit === null ? null : parseDecimal(limit);
  const rest = left === null ? null : parseDecimal(left);
  if (!whole || !rest) return null;
  const scale = Math.max(whole.scale, rest.scale);
  const digits = roundDecimal(whole, scale).digits - roundDecimal(rest, scale).digits;
  return magnitudeText({ negative: false, digits: digits < 0n ? 0n : digits, scale });
}

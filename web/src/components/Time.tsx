/**
 * An instant, by the clock that was chosen: `<Time at={row.created_at} />`. With `relative` it says
 * "3 min ago", and the exact time on hover and to screen readers.
 */
import { useEffect, useState } from "react";
import { useZone } from "~/app/preferences";
import {
  dateTime,
  instant,
  type Maybe,
  relative as relativeText,
  timeOfDay,
  UNKNOWN,
} from "~/format";

export interface TimeProps {
  at: Maybe<string | number | Date>;
  relative?: boolean;
  /** The time of day alone, where the day is known. */
  short?: boolean;
}

const TICK_MS = 30_000;

export function Time({ at, relative = false, short = false }: TimeProps) {
  const [zone] = useZone();
  const now = useNow(relative);
  const date = instant(at);
  if (!date) return UNKNOWN;
  const exact = dateTime(date, zone);
  return (
    <time dateTime={date.toISOString()} title={exact}>
      {relative ? relativeText(date, now) : short ? timeOfDay(date, zone) : exact}
    </time>
  );
}

function useNow(ticking: boolean): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}

import { useCallback, useMemo, useState } from "react";
import { useZone } from "~/app/preferences";
import type { Zone } from "~/format";
import { DEFAULT_RANGE, parseRange, type Range, rangeText, type Span, spanOf } from "./range";
import { useSearchParams } from "./state";

export interface RangeState {
  range: Range;
  setRange: (range: Range) => void;
  /** The instants that the range means. They stay the same until `refresh`, so that keys of queries do. */
  span: Span;
  zone: Zone;
  /** Has a range that ends now end at the present again. */
  refresh: () => void;
}

/** The span of time of the address bar: `range=` and `tz=`. */
export function useRange(fallback: Range = DEFAULT_RANGE): RangeState {
  const [search, change] = useSearchParams();
  const [preferred] = useZone();
  const [now, setNow] = useState(() => new Date());
  const zone: Zone = search.tz === "utc" || search.tz === "local" ? search.tz : preferred;
  const written = search.range ?? rangeText(fallback);
  const range = useMemo(() => parseRange(written) ?? DEFAULT_RANGE, [written]);
  const span = useMemo(() => spanOf(range, now, zone), [range, now, zone]);
  const refresh = useCallback(() => setNow(new Date()), []);
  const setRange = useCallback(
    (next: Range) => {
      setNow(new Date());
      change({ range: rangeText(next) }, true);
    },
    [change],
  );
  return { range, setRange, span, zone, refresh };
}

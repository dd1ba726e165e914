import { type RefObject, useCallback, useEffect, useReducer, useRef } from "react";
import { request } from "~/api/client";
import { type EventsState, listen } from "~/api/events";
import type { LogPage, LogRow } from "~/api/logs";
import { idsSince, LIVE_MAX, merged, sorted } from "./merge";

interface Live {
  /** What the rows are of: filters and range. */
  view: string;
  shown: readonly LogRow[];
  /** Came, and not shown yet. */
  waiting: readonly LogRow[];
  state: EventsState;
  /** Whether the list may be asked for. */
  ready: boolean;
}

/** A stream that has not begun by then is not waited for. */
const PATIENCE_MS = 2_000;

type Change =
  | { kind: "begin"; view: string }
  | {
      kind: "come";
      rows: readonly LogRow[];
      known: ReadonlySet<string>;
      listed: boolean;
      direct: boolean;
    }
  | { kind: "show" }
  | { kind: "late" }
  | { kind: "state"; state: EventsState };

const FIRST: Live = { view: "", shown: [], waiting: [], state: "connecting", ready: false };

function changed(live: Live, change: Change): Live {
  switch (change.kind) {
    case "begin":
      return { ...FIRST, view: change.view };
    case "state":
      return {
        ...live,
        state: change.state,
        ready: live.ready || change.state !== "connecting",
      };
    case "late":
      return { ...live, ready: true };
    case "show":
      return { ...live, shown: merged(live.waiting, live.shown), waiting: [] };
    case "come": {
      const shown = new Set(live.shown.map(({ id }) => id));
      const fresh = change.rows.filter(({ id }) => !change.known.has(id) && !shown.has(id));
      const waiting = merged(sorted(fresh), live.waiting).slice(0, LIVE_MAX);
      // Where there are no rows yet, none can move.
      const first = !change.listed && shown.size === 0;
      return change.direct || first
        ? { ...live, shown: merged(waiting, live.shown).slice(0, LIVE_MAX), waiting: [] }
        : { ...live, waiting };
    }
  }
}

export interface LiveOptions {
  /** The filters of the view; the stream is opened anew when they change. */
  filters: Record<string, string>;
  /** Where the range begins. */
  from: string;
  enabled: boolean;
  /** Whether what comes is shown at once. */
  direct: boolean;
  /** The rows that the list has already; undefined until it has come. */
  listed: RefObject<readonly LogRow[] | undefined>;
  /** More was missed than can be caught up with. */
  onMissed: () => void;
}

/**
 * Calls that end while one looks. Those that would move rows under the pointer wait. The list is to be
 * asked for when it is `ready`: what ends before the stream is in the list then, and what ends after
 * comes, so that nothing has to be asked for twice.
 */
export function useLive(options: LiveOptions) {
  const { filters, from, enabled, direct, listed } = options;
  const [live, change] = useReducer(changed, FIRST);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const members = JSON.stringify(filters);
  const view = `${from} ${members}`;

  useEffect(() => {
    change({ kind: "begin", view });
    if (!enabled) return;
    const come = (rows: readonly LogRow[]) => {
      const known = idsSince(listed.current, rows);
      const any = (listed.current?.length ?? 0) > 0;
      change({ kind: "come", rows, known, listed: any, direct: latest.current.direct });
    };
    const stop = new AbortController();
    // Whether calls may have ended that neither the list nor the stream has.
    let behind = false;
    const patience = setTimeout(() => {
      behind = true;
      change({ kind: "late" });
    }, PATIENCE_MS);
    const catchUp = async () => {
      // What the list has not brought yet, it will.
      if (listed.current === undefined) return;
      const newest = listed.current[0]?.created_at;
      const query = { ...JSON.parse(members), from: newest ?? from, limit: 200 };
      const page = await request<LogPage>("/logs", { query, signal: stop.signal });
      if (page.next === null) come(page.data);
      else latest.current.onMissed();
    };
    const late = () => void catchUp().catch(() => undefined);
    const end = listen({
      topics: ["logs"],
      filters: JSON.parse(members),
      onState: (state) => {
        if (stop.signal.aborted) return;
        if (state !== "connecting") clearTimeout(patience);
        change({ kind: "state", state });
        if (state === "live" && behind) late();
        behind ||= state === "waiting";
      },
      onEvent: ({ event, data }) => {
        if (event === "logs") come(JSON.parse(data) as LogRow[]);
        if (event === "gap") late();
      },
    });
    return () => {
      clearTimeout(patience);
      stop.abort();
      end();
    };
  }, [view, members, from, enabled, listed]);

  const show = useCallback(() => change({ kind: "show" }), []);
  useEffect(() => {
    if (direct) show();
  }, [direct, show]);
  const current = live.view === view ? live : FIRST;
  return { ...current, show };
}

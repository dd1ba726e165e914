import { address } from "./client";
import { ApiError } from "./error";
import type { ServerEvent } from "./sse";
import { streamEvents } from "./stream";

export type EventTopic = "logs" | "health" | "alerts";

/** `live`: events arrive. `waiting`: the stream broke and is tried again. `stopped`: it never will. */
export type EventsState = "connecting" | "live" | "waiting" | "stopped";

export interface EventsOptions {
  topics: EventTopic[];
  /** The filters of the view, as for the log. */
  filters?: Record<string, string>;
  onEvent: (event: ServerEvent) => void;
  /** Called with `live` after a break, too: what was missed meanwhile has to be asked for. */
  onState?: (state: EventsState) => void;
}

const SHORTEST_MS = 1_000;
const LONGEST_MS = 30_000;

/** How long to wait before a try: doubling from a second to half a minute, and less by chance. */
export function backOff(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures, 10));
  return ceiling / 2 + (ceiling / 2) * random;
}

/**
 * Listens to `/events` while the tab is visible, and goes on after a break from the last event that
 * came. Returns how to stop.
 */
export function listen(options: EventsOptions): () => void {
  const stop = new AbortController();
  void run(options, stop.signal);
  return () => stop.abort();
}

async function run(options: EventsOptions, stopped: AbortSignal): Promise<void> {
  const query = { ...options.filters, topics: options.topics.join(",") };
  let last: string | null = null;
  let failures = 0;
  while (!stopped.aborted) {
    await visible(stopped);
    if (stopped.aborted) return;
    options.onState?.("connecting");
    const round = untilHidden(stopped);
    try {
      const headers = new Headers({ accept: "text/event-stream" });
      if (last !== null) headers.set("last-event-id", last);
      const init = { headers, signal: round.signal };
      for await (const event of streamEvents(address("/events", query), init, () => {
        options.onState?.("live");
        failures = 0;
      })) {
        last = event.id ?? last;
        options.onEvent(event);
      }
    } catch (error) {
      if (final(error)) {
        options.onState?.("stopped");
        return;
      }
    } finally {
      round.end();
    }
    if (stopped.aborted) return;
    options.onState?.("waiting");
    if (!document.hidden) await pause(backOff(failures++, Math.random()), stopped);
  }
}

/** Whether the gateway refuses for good: no session, no permission, no such route. */
function final(error: unknown): boolean {
  return (
    error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429
  );
}

/** A signal that is aborted when the tab is hidden or everything stops. */
function untilHidden(stopped: AbortSignal) {
  const round = new AbortController();
  const onChange = () => {
    if (document.hidden) round.abort();
  };
  const onStop = () => round.abort();
  document.addEventListener("visibilitychange", onChange);
  stopped.addEventListener("abort", onStop);
  return {
    signal: round.signal,
    end: () => {
      document.removeEventListener("visibilitychange", onChange);
      stopped.removeEventListener("abort", onStop);
      round.abort();
    },
  };
}

function visible(stopped: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden && !stopped.aborted) return;
      document.removeEventListener("visibilitychange", done);
      stopped.removeEventListener("abort", done);
      resolve();
    };
    document.addEventListener("visibilitychange", done);
    stopped.addEventListener("abort", done);
  });
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      stopped.removeEventListener("abort", done);
      resolve();
    }
    stopped.addEventListener("abort", done);
  });
}

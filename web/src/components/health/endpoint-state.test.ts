import { describe, expect, it } from "vitest";
import { endpointState } from "./endpoint-state";

const WELL = {
  status: 0,
  status_text: "well",
  circuit: "closed" as const,
  open_for_ms: null,
  cooling_for_ms: null,
  attempts_last_30m: { succeeded: 3, failed: 0, rate_limited: 0, callers: 0 },
};
const NONE = { succeeded: 0, failed: 0, rate_limited: 0, callers: 0 };
const plain = (words: string) => words.replaceAll("\u202f", " ");

describe("the state of an endpoint", () => {
  it("says well only of what was called", () => {
    expect(endpointState(WELL)).toEqual({ tone: "good", words: "Well" });
    expect(endpointState({ ...WELL, attempts_last_30m: NONE }).words).toBe("Not called");
  });
  it("counts down while it is left alone", () => {
    const open = { ...WELL, status: -10, circuit: "open" as const, open_for_ms: 14_200 };
    expect(plain(endpointState(open).words)).toBe("Left alone, 15 s");
    expect(plain(endpointState(open, 5_000).words)).toBe("Left alone, 10 s");
    expect(plain(endpointState(open, 20_000).words)).toBe("Left alone, next call tries it");
    expect(plain(endpointState({ ...WELL, cooling_for_ms: 61_000 }).words)).toBe(
      "Rate-limited, 1 m 01 s",
    );
  });
  it("takes the gateway's words for the rest", () => {
    const failed = { ...WELL, status: -3, status_text: "failed just now" };
    expect(endpointState(failed)).toEqual({ tone: "warn", words: "Failed just now" });
    expect(endpointState({ ...WELL, status: -5, status_text: "uptime below 80 %" }).tone).toBe(
      "bad",
    );
    expect(endpointState({ ...WELL, circuit: "half_open" }).words).toBe("Open to one try");
  });
});

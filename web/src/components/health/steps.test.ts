import { describe, expect, it } from "vitest";
import type { EndpointHistory, EndpointStep } from "~/api/endpoint-history";
import {
  countedWords,
  lookOf,
  type Span,
  stepsOf,
  stepTime,
  stripSummary,
  together,
  uptimeWords,
} from "./steps";

const SPAN: Span = {
  range: "24h",
  step_seconds: 900,
  from: "2026-11-20T12:15:00.000Z",
  until: "2026-11-21T12:15:00.000Z",
};

const step = (starts_at: string, succeeded: number, failed: number, more = {}): EndpointStep => ({
  starts_at,
  uptime: succeeded + failed < 5 ? null : (succeeded / (succeeded + failed)) * 100,
  succeeded,
  failed,
  rate_limited: 0,
  callers: 0,
  ...more,
});

const STEPS = [
  step("2026-11-20T12:15:00.000Z", 20, 0),
  step("2026-11-20T18:00:00.000Z", 9, 31, { rate_limited: 2, callers: 1 }),
  step("2026-11-21T12:00:00.000Z", 2, 1),
];

const endpoint = (steps: EndpointStep[]): EndpointHistory => ({
  endpoint_id: "acme/acme/small",
  model_id: "acme/small",
  provider_name: "Acme",
  uptime: null,
  succeeded: 0,
  failed: 0,
  rate_limited: 0,
  callers: 0,
  steps,
});

const plain = (words: string) => words.replaceAll("\u202f", " ");

describe("the steps of a range", () => {
  it("are all there, those without outcomes as gaps", () => {
    const steps = stepsOf(SPAN, STEPS);
    expect(steps).toHaveLength(96);
    expect(steps.filter(({ counted }) => counted !== null)).toHaveLength(3);
    expect(lookOf(steps[0]?.counted ?? null)).toBe("well");
    expect(lookOf(steps[23]?.counted ?? null)).toBe("failing");
    expect(lookOf(steps[24]?.counted ?? null)).toBe("none");
    expect(lookOf(steps[95]?.counted ?? null)).toBe("few");
  });
  it("look as routing judges them", () => {
    const look = (succeeded: number) => lookOf(step("", succeeded, 100 - succeeded));
    expect([100, 95, 94, 80, 79].map(look)).toEqual([
      "well",
      "well",
      "partly",
      "partly",
      "failing",
    ]);
  });
  it("are told in words", () => {
    const [at] = stepsOf(SPAN, STEPS).slice(23);
    expect(at && stepTime(at, "utc")).toBe("2026-11-20 18:00–18:15");
    expect(countedWords(at?.counted ?? null)).toBe(
      "31 of 40 failed, 2 rate-limited, 1 ended by callers",
    );
    expect(plain(uptimeWords(at?.counted ?? null))).toBe("22.50 % up");
    expect(uptimeWords(null)).toBe("No attempts");
    expect(plain(stripSummary(SPAN, stepsOf(SPAN, STEPS)))).toBe(
      "49.20 % up in 24 hours, 32 of 63 failed, 2 rate-limited, 1 ended by callers; " +
        "of 3 quarters of an hour with attempts 1 below 80 %",
    );
    expect(stripSummary(SPAN, stepsOf(SPAN, []))).toBe("no attempts in 24 hours");
  });
  it("of days are those of UTC", () => {
    const span = {
      range: "30d" as const,
      step_seconds: 86_400,
      from: "2026-10-25T00:00:00.000Z",
      until: "2026-11-24T00:00:00.000Z",
    };
    const steps = stepsOf(span, []);
    expect(steps).toHaveLength(30);
    expect(steps[29] && stepTime(steps[29], "local")).toBe("2026-11-23 UTC");
  });
  it("of several endpoints are added up, with the uptime of all attempts", () => {
    const at = "2026-11-20T18:00:00.000Z";
    const sum = together([
      endpoint([step(at, 3, 0)]),
      endpoint([step(at, 90, 7), STEPS[2] ?? step(at, 0, 0)]),
    ]);
    expect(sum).toEqual([{ ...step(at, 93, 7), uptime: 93 }, STEPS[2]]);
  });
});

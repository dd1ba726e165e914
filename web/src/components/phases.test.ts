import { expect, it } from "vitest";
import { phasesOf } from "./phases";

const attempt = (provider: string, after: number, latency: number, fault: string | null) => ({
  endpoint_id: `${provider}/acme/m`,
  provider_name: provider,
  model_permaslug: "acme/m",
  status: fault === null ? 200 : 429,
  fault,
  started_at: new Date(Date.UTC(2026, 10, 22) + after).toISOString(),
  latency,
  is_byok: false,
});

it("stand one after another on the axis of the call", () => {
  const phases = phasesOf({
    created_at: "2026-11-22T00:00:00.000Z",
    streamed: true,
    provider_responses: [
      attempt("First", 2, 120, "rate_limited"),
      attempt("Second", 125, 300, null),
    ],
    timings: { first_attempt: 2, last_attempt: 125, first_token: 425, end: 1_000 },
  });
  expect(phases).toEqual([
    { label: "Gateway", from: 0, ms: 2, kind: "gateway" },
    { label: "First", from: 2, ms: 120, kind: "failed", detail: "429" },
    { label: "Second", from: 125, ms: 875, kind: "served", waitMs: 300 },
  ]);
});

it("are the gateway's alone where nobody was tried", () => {
  const phases = phasesOf({
    created_at: "2026-11-22T00:00:00.000Z",
    streamed: true,
    provider_responses: [],
    timings: { first_attempt: null, last_attempt: null, first_token: null, end: 3 },
  });
  expect(phases).toEqual([{ label: "Gateway", from: 0, ms: 3, kind: "gateway" }]);
});

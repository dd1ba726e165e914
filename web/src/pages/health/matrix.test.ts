import { describe, expect, it } from "vitest";
import type { EndpointHealth } from "~/api/health";
import { judged, matrixOf, summary, troubled } from "./matrix";

const endpoint = (
  id: string,
  model: string,
  more: Partial<EndpointHealth> = {},
): EndpointHealth => ({
  endpoint_id: id,
  model_id: model,
  provider_name: id.slice(0, id.indexOf("/")).toUpperCase(),
  status: 0,
  status_text: "well",
  circuit: "closed",
  open_for_ms: null,
  cooling_for_ms: null,
  uptime_last_5m: null,
  uptime_last_30m: null,
  uptime_last_1d: null,
  attempts_last_30m: { succeeded: 1, failed: 0, rate_limited: 0, callers: 0 },
  failures_last_30m: {},
  latency_last_5m: null,
  throughput_last_5m: null,
  latency_last_30m: null,
  throughput_last_30m: null,
  tool_calls_last_2h: { succeeded: 0, failed: 0, success: null },
  in_flight: 0,
  requests_left: null,
  ...more,
});

const OPEN = { status: -10, status_text: "left alone", circuit: "open" as const, open_for_ms: 700 };
const ALL = [
  endpoint("b/acme/one", "acme/one"),
  endpoint("a/acme/one", "acme/one"),
  endpoint("a/acme/two", "acme/two", OPEN),
  endpoint("a/acme/two#dbb2a1d8-734e", "acme/two"),
  endpoint("a/acme/deep/v1.5", "acme/deep/v1.5"),
].map((one) => judged(one));

describe("the matrix", () => {
  it("has providers by name, and the models that are least well first", () => {
    const { providers, rows } = matrixOf(ALL);
    expect(providers).toEqual([
      { slug: "a", name: "A" },
      { slug: "b", name: "B" },
    ]);
    expect(rows.map(({ model }) => model)).toEqual(["acme/two", "acme/deep/v1.5", "acme/one"]);
    expect(rows[0]?.cells.get("a")?.map(({ state }) => state.tone)).toEqual(["bad", "good"]);
    expect(rows[0]?.cells.get("b")).toBeUndefined();
  });
  it("tells copies for own keys from the gateway's endpoints", () => {
    expect(ALL.map(({ variant }) => variant)).toEqual(["", "", "", "own key dbb2a1d8", ""]);
    expect(judged(endpoint("a/acme/one/priority", "acme/one")).variant).toBe("priority");
  });
  it("says in a sentence how all are doing", () => {
    expect(summary(ALL)).toBe("Of 5 endpoints, 1 is left alone or failing.");
    expect(summary(ALL.slice(0, 2))).toBe("All 2 endpoints are well.");
    expect(summary(ALL.slice(0, 1))).toBe("The one endpoint that was called is well.");
    expect(troubled(ALL).map(({ health }) => health.endpoint_id)).toEqual(["a/acme/two"]);
  });
});

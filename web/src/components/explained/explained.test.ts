import { describe, expect, it } from "vitest";
import type { Attempt, Candidate, Routing } from "~/api/generation";
import { funnelOf } from "./funnel";
import { plain, sentenceOf } from "./sentence";
import { explainedText } from "./text";
import { verdictsOf } from "./verdicts";

const candidate = (provider: string, more: Partial<Candidate>): Candidate => ({
  endpoint_id: `${provider}/acme/m`,
  position: null,
  place: "dropped",
  reason: null,
  price: null,
  chance: null,
  first_token_ms: null,
  tokens_per_second: null,
  ...more,
});

const attempt = (provider: string, status: number, fault: string | null): Attempt => ({
  endpoint_id: `${provider.toLowerCase()}/acme/m`,
  provider_name: provider,
  model_permaslug: "acme/m",
  status,
  fault,
  started_at: "2026-11-22T15:35:53.903Z",
  latency: 120,
  is_byok: false,
});

const ROUTING: Routing = {
  seed: "00",
  sort: "balanced",
  candidates: [
    candidate("first", { position: 1, place: "drawn", chance: 0.64 }),
    candidate("second", { position: 2, place: "price" }),
    candidate("third", { position: 3, place: "price", reason: "has asked for a pause" }),
    candidate("fourth", { reason: "is ignored by the request's provider.ignore" }),
    candidate("fifth", { reason: "does not read image" }),
    candidate("sixth", { reason: "does not read image" }),
  ],
};

const FELL_BACK = {
  attempts: [attempt("First", 429, "rate_limited"), attempt("Second", 200, null)],
};

describe("a call that was made", () => {
  const verdicts = verdictsOf(ROUTING, FELL_BACK);

  it("has a verdict on every endpoint", () => {
    expect(verdicts.map(({ kind }) => kind)).toEqual([
      "failed",
      "served",
      "spare",
      "excluded",
      "excluded",
      "excluded",
    ]);
    expect(verdicts[0]?.words).toBe("429, rate limited after 120\u202fms");
    expect(verdicts[2]?.why).toBe(
      "came next by price, behind others because it has asked for a pause",
    );
  });

  it("is told in a sentence", () => {
    expect(plain(sentenceOf(verdicts, FELL_BACK))).toBe(
      "Served by Second, which came next by price: one of 3 left after 3 were ruled out. Before it, First failed (429).",
    );
  });

  it("comes down to one by rules that are named", () => {
    expect(funnelOf(verdicts, FELL_BACK).map(({ left, rule }) => `${left} ${rule}`)).toEqual([
      "6 serve the models asked for",
      "5 without 1 that is ignored by the request's provider.ignore",
      "3 without 2 that do not read image",
      "2 tried",
      "1 answered",
    ]);
  });

  it("can be copied as text", () => {
    const text = explainedText("gen-1", ROUTING, FELL_BACK);
    expect(text).toContain("first/acme/m");
    expect(text).toContain("it does not read image");
    expect(text).toMatch(/^gen-1\nServed by Second/);
  });
});

it.each([
  [
    [attempt("First", 503, "overloaded"), attempt("Second", 500, "broken")],
    /^Nobody answered. 3 endpoints were left after 3 were ruled out: First failed \(503\), then Second failed \(500\)\.$/,
  ],
  [[], /^Nothing was tried/],
])("calls that nobody answered say so", (attempts, expected) => {
  const made = { attempts };
  expect(plain(sentenceOf(verdictsOf(ROUTING, made), made))).toMatch(expected);
});

it("an answer that was told again says so, and from which call", () => {
  const made = { attempts: [], cacheSource: "gen-7" };
  const words = sentenceOf(verdictsOf(ROUTING, made), made);
  expect(plain(words)).toBe("Told again: nobody was asked. The answer was kept from gen-7.");
  expect(words).toContainEqual({ call: "gen-7" });
});

describe("a dry run", () => {
  it("says where it would go, and what would be next", () => {
    const verdicts = verdictsOf(ROUTING, null);
    expect(plain(sentenceOf(verdicts, null))).toBe(
      "It would go to first, which was drawn, with a chance of 64.0\u202f%: one of 3 left after 3 were ruled out. Should that fail, second is next.",
    );
    expect(funnelOf(verdicts, null).at(-1)).toEqual({
      left: 1,
      rule: "would be tried first",
      kind: "served",
    });
  });
});

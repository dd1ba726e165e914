import { describe, expect, it } from "vitest";
import type { Attempt, Candidate, Routing } from "~/api/generation";
import { differencesBetween, pairsOf, type Routed } from "./compare";

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

const plan = (candidates: Candidate[], sort: Routing["sort"] = "balanced"): Routing => ({
  seed: "00",
  sort,
  candidates,
});

const call = (
  routing: Routing | null,
  attempts: Attempt[],
  more: Partial<Routed> = {},
): Routed => ({
  model: "acme/m",
  requested_model: "acme/m",
  routing,
  provider_responses: attempts,
  ...more,
});

const FIRST = candidate("first", { position: 1, place: "drawn", chance: 0.6 });
const SECOND = candidate("second", { position: 2, place: "price" });
const THIRD = candidate("third", { reason: "does not read image" });

const whole = call(plan([FIRST, SECOND, THIRD]), [attempt("First", 200, null)]);

describe("two calls", () => {
  it("that went the same way have no differences, whatever they took", () => {
    const again = call(plan([{ ...FIRST, chance: 0.7 }, SECOND, THIRD]), [
      { ...attempt("First", 200, null), latency: 900 },
    ]);
    expect(differencesBetween(whole, again)).toEqual([]);
    expect(pairsOf(whole, again).map(({ differs }) => differs)).toEqual([false, false, false]);
  });

  it("of which one fell back say who failed, and who answered", () => {
    const fell = call(plan([FIRST, SECOND, THIRD]), [
      attempt("First", 503, "overloaded"),
      attempt("Second", 200, null),
    ]);
    expect(differencesBetween(whole, fell)).toEqual([
      "A was answered by First, B by Second.",
      "First in A: answered; in B: 503, overloaded.",
      "Second was not tried in A; in B: answered.",
    ]);
    expect(pairsOf(whole, fell).map(({ differs }) => differs)).toEqual([true, true, false]);
  });

  it("of which nobody answered one say so", () => {
    const broken = call(plan([FIRST]), [attempt("First", 500, "broken")]);
    expect(differencesBetween(whole, broken)[0]).toBe("A was answered by First, B by nobody.");
  });

  it("of other models are told one after the other", () => {
    const other = call(
      plan([{ ...FIRST, endpoint_id: "first/acme/n" }]),
      [{ ...attempt("First", 500, "broken"), endpoint_id: "first/acme/n" }],
      { model: "acme/n", requested_model: "acme/n" },
    );
    expect(differencesBetween(whole, other)).toEqual([
      "A was answered by First, B by nobody.",
      "A asked for acme/m, B for acme/n.",
      "In A First answered; in B First failed (500, broken).",
    ]);
  });

  it("that were planned otherwise say by what", () => {
    const other = call(
      plan(
        [
          { ...SECOND, position: 1, place: "sorted" },
          { ...THIRD, position: 2, place: "price", reason: null },
          { ...FIRST, position: null, place: "dropped", reason: "is ignored by the request" },
        ],
        "price",
      ),
      [attempt("First", 200, null)],
      { requested_model: "acme/m:floor" },
    );
    expect(differencesBetween(whole, other)).toEqual([
      "A asked for acme/m, B for acme/m:floor.",
      "A was sorted by price among those that are well, B by price.",
      "A began at first, which was drawn, with a chance of 60.0\u202f%; B at second, which came by price.",
      "first could serve A; in B it is ignored by the request.",
      "third could serve B; in A it does not read image.",
    ]);
  });

  it("of which one had no plan say which", () => {
    expect(differencesBetween(whole, call(null, [attempt("First", 200, null)]))).toEqual([
      "B had nothing to choose from.",
    ]);
  });

  it("have every endpoint of both", () => {
    const other = call(plan([candidate("fourth", { position: 1, place: "price" })]), []);
    expect(pairsOf(whole, other).map(({ endpoint, a, b }) => [endpoint, !!a, !!b])).toEqual([
      ["first/acme/m", true, false],
      ["second/acme/m", true, false],
      ["third/acme/m", true, false],
      ["fourth/acme/m", false, true],
    ]);
  });
});

import { expect, it } from "vitest";
import type { Routing } from "~/api/generation";
import { changesBetween } from "./changes";

const plan = (tried: string[], out: string[] = []): Routing => ({
  seed: "00",
  sort: "balanced",
  candidates: [...tried, ...out].map((endpoint_id, index) => ({
    endpoint_id,
    position: index < tried.length ? index + 1 : null,
    place: index < tried.length ? "price" : "dropped",
    reason: null,
    price: null,
    chance: null,
    first_token_ms: null,
    tokens_per_second: null,
  })),
});

it("names what begins, what joins and what leaves", () => {
  expect(changesBetween(plan(["a", "b"], ["c"]), plan(["c", "a"], ["b"]))).toEqual([
    "It would begin at c rather than at a.",
    "c could serve, too.",
    "b could not serve any more.",
  ]);
});

it("says nothing of the same plan", () => {
  expect(changesBetween(plan(["a"]), plan(["a"]))).toEqual([]);
});

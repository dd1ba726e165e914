import { describe, expect, it } from "vitest";
import { CHOSEN_MAX, chosenBetween, toggled } from "./chosen";

const KEYS = ["a", "b", "c", "d", "e"];

describe("rows that are chosen", () => {
  it("come and go, in the order in which they were chosen", () => {
    expect(toggled(["c"], "a")).toEqual(["c", "a"]);
    expect(toggled(["c", "a"], "c")).toEqual(["a"]);
  });
  it.each([
    ["b", "d", ["b", "c", "d"]],
    ["d", "b", ["b", "c", "d"]],
    ["b", "b", ["b"]],
    ["gone", "d", ["d"]],
  ])("from %s to %s are all between them", (from, to, expected) => {
    expect(chosenBetween([], KEYS, from, to)).toEqual(expected);
  });
  it("are there once", () => {
    expect(chosenBetween(["c"], KEYS, "b", "d")).toEqual(["c", "b", "d"]);
  });
  it("are so many at most", () => {
    const many = Array.from({ length: CHOSEN_MAX + 5 }, (_, index) => String(index));
    expect(chosenBetween([], many, "0", String(CHOSEN_MAX + 4))).toHaveLength(CHOSEN_MAX);
    expect(toggled(many.slice(0, CHOSEN_MAX), "x")).toHaveLength(CHOSEN_MAX);
  });
});

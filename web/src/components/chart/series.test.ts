import { expect, it } from "vitest";
import { stack, topSeries } from "./series";

it("stacks and keeps gaps where nothing is known", () => {
  const series = [
    { label: "a", values: [1, null, 3] },
    { label: "b", values: [2, null, null] },
  ];
  expect(stack(series)).toEqual([
    [1, null, 3],
    [3, null, 3],
  ]);
});

it("draws no bar of no failures, which would have an edge", () => {
  const series = [
    { label: "a", values: [0, 0], failures: true },
    { label: "b", values: [0, 2], failures: true },
  ];
  expect(stack(series)).toEqual([
    [null, null],
    [null, 2],
  ]);
});

it("folds what is left into one that adds up", () => {
  const series = Array.from({ length: 9 }, (_, at) => ({ label: `${at}`, values: [at, null] }));
  const top = topSeries(series, 3);
  expect(top.map(({ label }) => label)).toEqual(["8", "7", "6", "Other (6)"]);
  expect(top.at(-1)?.values).toEqual([15, null]);
});

import { expect, it } from "vitest";
import { barAt, barsOf, HEIGHT } from "./bars";

it("draws bars that fit, with nothing too small to be seen", () => {
  const bars = barsOf([
    { at: "", ok: 100_000, error: 1, cancelled: 1 },
    { at: "", ok: 0, error: 0, cancelled: 0 },
  ]);
  expect(
    (bars[0]?.ok ?? 0) + (bars[0]?.error ?? 0) + (bars[0]?.cancelled ?? 0),
  ).toBeLessThanOrEqual(HEIGHT);
  expect(bars[0]?.error).toBe(2);
  expect(bars[1]).toEqual({ ok: 0, error: 0, cancelled: 0 });
});

it.each([
  [0, 0],
  [99, 9],
  [100, 9],
  [-5, 0],
  [55, 5],
])("the bar at %d of 100 pixels is number %d of ten", (x, bar) => {
  expect(barAt(x, 100, 10)).toBe(bar);
});

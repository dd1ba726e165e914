import { expect, it } from "vitest";
import { compactJson } from "./compact";

const VALUES: unknown[] = [
  null,
  'a "quoted" word',
  [],
  {},
  { model: "openai/*", tools: true },
  { split: { by: "user", arms: [{ name: "control", weight: 50, models: ["acme/a", "acme/b"] }] } },
  [["x".repeat(80)], { long: "y".repeat(80), list: [1, 2, 3] }],
];

it.each(VALUES.map((value) => [value]))("%j stays what it is", (value) => {
  expect(JSON.parse(compactJson(value))).toEqual(value);
});

it("keeps on one line what fits there", () => {
  expect(compactJson({ model: "openai/*", tools: true })).toBe(
    '{ "model": "openai/*", "tools": true }',
  );
  expect(
    compactJson({
      models: ["a/a-rather-long-name", "b/another-rather-long-name"],
      hedge: true,
      x: 1,
    }),
  ).toBe(
    '{\n  "models": ["a/a-rather-long-name", "b/another-rather-long-name"],\n  "hedge": true,\n  "x": 1\n}',
  );
});

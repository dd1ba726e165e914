import { describe, expect, it } from "vitest";
import { chartFile } from "./chart-file";

const TIMES = [1_793_545_200, 1_793_548_800];
const SERIES = [
  { label: "acme/m", values: [1.5, null] },
  { label: "=other", values: [0, 2] },
];

describe("a chart as a file", () => {
  it("has gaps as gaps, and no formulas", () => {
    expect(chartFile("Spend per hour", TIMES, SERIES, "csv")).toBe(
      "at,acme/m,'=other\r\n2026-11-01T15:00:00.000Z,1.5,0\r\n2026-11-01T16:00:00.000Z,,2\r\n",
    );
  });
  it("has as JSON the labels once, and values in their order", () => {
    expect(JSON.parse(chartFile("Spend per hour", TIMES, SERIES, "json"))).toEqual({
      title: "Spend per hour",
      series: ["acme/m", "=other"],
      data: [
        { at: "2026-11-01T15:00:00.000Z", values: [1.5, 0] },
        { at: "2026-11-01T16:00:00.000Z", values: [null, 2] },
      ],
    });
  });
});

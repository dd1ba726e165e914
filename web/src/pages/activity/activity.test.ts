import { describe, expect, it } from "vitest";
import type { Answered, UsageRow } from "~/api/analytics";
import { bucketsOf, periodOf } from "~/components/usage/period";
import { charted } from "~/components/usage/series";
import { parseFilters } from "~/url/filters";
import { parseRange, type Range, spanOf } from "~/url/range";
import { dimensionOf, fieldOf, type Names, unsummed, usageFilters } from "./dimensions";
import { logSearch } from "./log-link";

const NOW = new Date("2026-11-22T15:34:10Z");
const ranged = (text: string) => parseRange(text) as Range;
const period = (text: string, now = NOW) =>
  periodOf(ranged(text), spanOf(ranged(text), now, "utc"), "utc", now);
const iso = (date: Date | undefined) => date?.toISOString().replace(":00.000Z", "Z");
const ends = (span: { from: Date; to: Date } | undefined) => `${iso(span?.from)} ${iso(span?.to)}`;

describe("periods", () => {
  it.each([
    ["1h", "minute", "2026-11-22T14:00Z"],
    ["today", "hour", "2026-11-22T00:00Z"],
    ["24h", "hour", "2026-11-21T15:00Z"],
    ["7d", "day", "2026-11-15T00:00Z"],
    ["30d", "day", "2026-10-23T00:00Z"],
    ["month", "day", "2026-11-01T00:00Z"],
    ["2026-01-01T00:00:00Z..2026-11-01T00:00:00Z", "week", "2026-01-01T00:00Z"],
    ["2026-09-01T10:20:00Z..2026-09-01T10:50:00Z", "hour", "2026-09-01T10:00Z"],
  ])("%s is told by %s", (text, step, from) => {
    const found = period(text);
    expect([found.step, iso(found.from)]).toEqual([step, from]);
  });

  it.each([
    ["today", "2026-11-22T00:00Z 2026-11-22T15:00Z", "2026-11-21T00:00Z 2026-11-21T15:00Z"],
    ["yesterday", "2026-11-21T00:00Z 2026-11-22T00:00Z", "2026-11-20T00:00Z 2026-11-21T00:00Z"],
    ["month", "2026-11-01T00:00Z 2026-11-22T15:00Z", "2026-10-01T00:00Z 2026-10-22T15:00Z"],
    ["24h", "2026-11-21T15:00Z 2026-11-22T15:00Z", "2026-11-20T15:00Z 2026-11-21T15:00Z"],
    ["7d", "2026-11-15T00:00Z 2026-11-22T15:00Z", "2026-11-07T00:00Z 2026-11-14T15:00Z"],
  ])("%s is compared with the same elapsed part", (text, now, before) => {
    const { compared } = period(text);
    expect([ends(compared?.now), ends(compared?.before)]).toEqual([now, before]);
  });

  it("compares no more of a shorter month than there is of it", () => {
    const { compared } = period("month", new Date("2026-03-31T12:30:00Z"));
    expect(ends(compared?.before)).toBe("2026-02-01T00:00Z 2026-03-01T00:00Z");
  });

  it("compares nothing before an hour is over, and days where hours are gone", () => {
    expect(period("today", new Date("2026-11-22T00:20:00Z")).compared).toBeNull();
    const long = period("2026-09-10T00:00:00Z..2026-11-20T00:00:00Z");
    expect([long.timed, long.compared?.timed]).toEqual([true, false]);
  });

  it("has weeks from Monday and months from their first", () => {
    const span = { from: new Date("2026-11-05T00:00:00Z"), to: new Date("2026-12-02T00:00:00Z") };
    const days = (step: "week" | "month") =>
      bucketsOf(span, step).map((at) => new Date(at * 1000).toISOString().slice(0, 10));
    expect(days("week")).toEqual([
      "2026-11-02",
      "2026-11-09",
      "2026-11-16",
      "2026-11-23",
      "2026-11-30",
    ]);
    expect(days("month")).toEqual(["2026-11-01", "2026-12-01"]);
  });
});

const NAMES: Names = {
  summed: (field, value) => (field === "provider" && value === "openai" ? "OpenAI" : value),
  addressed: (_, group) => group,
  shown: (_, group) => group,
};

describe("filters", () => {
  it("become those of sums, under the names that sums have", () => {
    const filters = parseFilters({
      provider: "openai,!azure",
      key: "abc",
      "tag.x-team": "red",
      status: "error",
    });
    expect(usageFilters(filters, NAMES)).toEqual([
      { field: "provider", operator: "in", value: ["OpenAI"], include_unset: false },
      { field: "provider", operator: "not_in", value: ["azure"], include_unset: true },
      { field: "api_key", operator: "in", value: ["abc"], include_unset: false },
      { field: "x-team", operator: "in", value: ["red"], include_unset: false },
    ]);
    expect(unsummed(filters)).toEqual(["status"]);
  });

  it.each(["model", "provider", "api_key", "workspace", "x-team"])(
    "%s has a field",
    (dimension) => {
      expect(dimensionOf(fieldOf(dimension) ?? "")).toBe(dimension);
    },
  );

  it("lead to the same rows of the log", () => {
    const span = { from: new Date("2026-11-22T00:00:00Z"), to: NOW };
    const filters = parseFilters({ model: "!a", status: "error" });
    expect(logSearch(filters, span, { field: "model", value: "b" })).toEqual({
      model: "b",
      status: "error",
      range: "2026-11-22T00:00:00.000Z..2026-11-22T15:34:10.000Z",
    });
  });
});

describe("series", () => {
  const answered = (rows: UsageRow[], dimensions: string[]): Answered => ({
    question: {
      metrics: ["usage"],
      dimensions,
      granularity: "hour",
      time_range: { start: "2026-11-22T00:00:00.000Z", end: "2026-11-22T03:10:00.000Z" },
    },
    rows,
    truncated: false,
    warnings: [],
  });
  const rows = [
    { date: "2026-11-22T00:00:00.000Z", model: "small", usage: 1 },
    { date: "2026-11-22T00:00:00.000Z", model: "other", usage: 9 },
    { date: "2026-11-22T02:00:00.000Z", model: "large", usage: 5 },
  ];

  it("leave a gap where nobody called, and a zero where others did", () => {
    const { times, series } = charted(answered(rows, ["model"]), "usage", false, String);
    expect(times.length).toBe(4);
    expect(series.map(({ label, values }) => [label, values])).toEqual([
      ["large", [0, null, 5, null]],
      ["small", [1, null, 0, null]],
      ["Other", [9, null, 0, null]],
    ]);
  });

  it("say nothing of times where a group has no calls, and keep the order of the table", () => {
    const { series, groups } = charted(answered(rows, ["model"]), "usage", true, String, [
      "small",
      "large",
    ]);
    expect(groups).toEqual(["small", "large", "other"]);
    expect(series[0]?.values).toEqual([1, null, null, null]);
  });

  it("join two dimensions", () => {
    const two = rows.map((row) => ({ ...row, provider: row.model === "other" ? "other" : "p" }));
    const { groups, series } = charted(
      answered(two, ["model", "provider"]),
      "usage",
      false,
      (group) => group.replace("\n", " · "),
    );
    expect(groups.at(-1)).toBe("other\nother");
    expect(series.map(({ label }) => label)).toEqual(["large · p", "small · p", "Other"]);
  });
});

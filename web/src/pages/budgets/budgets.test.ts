import { describe, expect, it } from "vitest";
import { changes, type Limits, problems } from "./changes";
import { type INTERVALS, paceOf, periodOf, spanAsked } from "./interval";
import { isLess, left, together } from "./left";

const NOW = new Date("2026-11-22T12:00:00Z");

describe("periods", () => {
  it("are UTC, weeks from Monday", () => {
    const text = (interval: (typeof INTERVALS)[number]) => {
      const period = periodOf(interval, NOW);
      return period && [period.start.toISOString(), period.end.toISOString()];
    };
    expect(text("daily")).toEqual(["2026-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z"]);
    // A Sunday: the week began on the 16th.
    expect(text("weekly")).toEqual(["2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"]);
    expect(text("monthly")).toEqual(["2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"]);
    expect(text("lifetime")).toBeNull();
  });
  it("of a lifetime are 731 days, as far as can be asked", () => {
    const { start, end } = spanAsked("lifetime", NOW);
    expect((end.getTime() - start.getTime()) / 86_400_000).toBe(731);
  });
});

describe("pace", () => {
  it("says when a limit is reached", () => {
    expect(paceOf("daily", 0.75, NOW)).toEqual({
      share: 1.5,
      usedUpAt: new Date("2026-11-22T16:00:00Z"),
    });
    expect(paceOf("daily", 0.25, NOW)).toEqual({ share: 0.5, usedUpAt: null });
  });
  it("is silent too early, for nothing, for what is used up and for lifetimes", () => {
    expect(paceOf("daily", 0.5, new Date("2026-11-22T00:30:00Z"))).toBeNull();
    expect(paceOf("daily", 0, NOW)).toBeNull();
    expect(paceOf("daily", 1.2, NOW)?.usedUpAt).toBeNull();
    expect(paceOf("lifetime", 0.5, NOW)).toBeNull();
  });
});

describe("what is left", () => {
  it.each([
    ["1", "0.9", "0.1"],
    [0.001, 0.0001503, "0.0008497"],
    ["5", "7", "0"],
    ["9007199254740993.000000001", "1", "9007199254740992.000000001"],
  ])("%s less %s is %s", (limit, spent, rest) => expect(left(limit, spent)).toBe(rest));
  it("is unknown where something is no number", () => expect(left("x", "1")).toBeNull());
  it("adds and compares exactly", () => {
    expect(together("0.1", "0.2")).toBe("0.3");
    expect(together(1e-7, "0")).toBe("0.0000001");
    expect(isLess("0.3", "0.30")).toBe(false);
    expect(isLess("0.29", 0.3)).toBe(true);
  });
});

describe("budgets", () => {
  it("are larger for longer intervals", () => {
    expect(problems({ daily: "5", weekly: "20", lifetime: "100" })).toEqual({});
    expect(Object.keys(problems({ daily: "5", monthly: "5" }))).toEqual(["monthly"]);
    expect(Object.keys(problems({ daily: "0", weekly: "-1", monthly: "1e3" }))).toEqual([
      "daily",
      "weekly",
      "monthly",
    ]);
  });

  it("change in an order in which every step fits", () => {
    const amounts = ["", "1", "2", "3", "4", "5"];
    const sets: Limits[] = [];
    for (const daily of amounts)
      for (const weekly of amounts)
        for (const monthly of amounts)
          for (const lifetime of amounts) {
            const limits = Object.fromEntries(
              Object.entries({ daily, weekly, monthly, lifetime }).filter(([, it]) => it !== ""),
            ) as Limits;
            if (Object.keys(problems(limits)).length === 0) sets.push(limits);
          }
    for (const before of sets) {
      for (const after of sets) {
        const now: Limits = { ...before };
        for (const { interval, limit } of changes(before, after)) {
          if (limit === null) delete now[interval];
          else now[interval] = limit;
          expect(problems(now)).toEqual({});
        }
        expect(now).toEqual(after);
      }
    }
  });
});

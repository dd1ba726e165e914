import { describe, expect, it } from "vitest";
import { ledgerOf, runwayOf, runwayWords } from "./ledger";
import { monthCodec, monthName, monthOf, monthsFrom } from "./month";
import { lineName } from "./words";

const NOW = new Date("2026-11-22T12:00:00Z");

describe("months", () => {
  it("are those of UTC", () =>
    expect(monthOf(new Date("2026-12-01T00:30:00+01:00"))).toBe("2026-11"));
  it("go over the ends of years", () => {
    expect(monthsFrom("2026-01", -1)).toBe("2025-12");
    expect(monthsFrom("2026-12", 1)).toBe("2027-01");
  });
  it("have names", () => expect(monthName("2026-11")).toBe("November 2026"));
  it("are read from the address, and left out of it where they are the present one", () => {
    const codec = monthCodec(NOW);
    expect(codec.read("2026-02")).toBe("2026-02");
    expect(codec.read("2026-13")).toBe("2026-11");
    expect(codec.read(undefined)).toBe("2026-11");
    expect(codec.write("2026-11")).toBeUndefined();
    expect(codec.write("2026-10")).toBe("2026-10");
  });
});

describe("the ledger of a month", () => {
  const movement = (at: string, amount: string, kind = "purchases") => ({
    at,
    kind,
    id: at,
    reference: null,
    note: null,
    amount,
  });
  const statement = {
    month: "2026-11",
    opening_balance: "1.5",
    closing_balance: "25.9999233",
    balance: [
      { name: "purchases", amount: "25" },
      { name: "usage", amount: "-0.5000767" },
      { name: "usage_returned", amount: "0" },
    ],
    movements: [movement("2026-11-20T08:00:00.000Z", "25")],
  };
  const days = [
    { date: "2026-10-31", usage: "9" },
    { date: "2026-11-19", usage: "0.5" },
    { date: "2026-11-20", usage: 0.0000767 },
    { date: "2026-11-21", usage: 0 },
  ];
  const told = (entries: ReturnType<typeof ledgerOf>) =>
    entries.map(({ kind, amount, balance }) => [kind, amount, balance]);

  it("has the balance after each line, to the last digit", () => {
    expect(told(ledgerOf(statement, days))).toEqual([
      ["calls of the day", "-0.0000767", "25.9999233"],
      ["purchases", "25", "26"],
      ["calls of the day", "-0.5", "1"],
    ]);
  });

  it("has what was given back at its end", () => {
    const returned = {
      ...statement,
      closing_balance: "26.4999233",
      balance: [{ name: "usage_returned", amount: "0.5" }],
    };
    expect(told(ledgerOf(returned, days))[0]).toEqual(["usage_returned", "0.5", "26.4999233"]);
  });

  it("has no balances where days and statement do not agree", () => {
    const other = { ...statement, closing_balance: "25.99" };
    expect(told(ledgerOf(other, days))).toEqual([["purchases", "25", null]]);
    expect(told(ledgerOf(statement, []))).toEqual([["purchases", "25", null]]);
  });
});

describe("how long credit lasts", () => {
  it.each([
    ["a week of a dollar a day", "10", ["16", "17", "18", "19", "20", "21", "22"], 9],
    ["two days", "3", ["21", "22"], 2],
    ["today alone, as a day", "3", ["22"], 3],
    ["nothing left", "0", ["22"], 0],
    ["less than nothing left", "-1", ["22"], 0],
  ])("at %s", (_, balance, dates, expected) => {
    const days = dates.map((date) => ({ date: `2026-11-${date}`, usage: "1" }));
    expect(Math.floor(runwayOf(balance, days, NOW, 7) ?? -1)).toBe(expected);
  });
  it("is not known where nothing is spent", () => {
    expect(runwayOf("5", [{ date: "2026-11-01", usage: "1" }], NOW, 7)).toBeNull();
    expect(runwayOf("5", [{ date: "2026-11-22", usage: 0 }], NOW, 7)).toBeNull();
  });
  it.each([
    [0.3, "under a day"],
    [1.9, "≈\u202f1 day"],
    [12.2, "≈\u202f12 days"],
    [4_000, "over a year"],
  ])("%d is %s", (days, words) => expect(runwayWords(days)).toBe(words));
});

it("names the lines of a statement, unknown ones too", () => {
  expect(lineName("purchases")).toBe("Credit bought or added");
  expect(lineName("some_new_line")).toBe("some new line");
});

import { describe, expect, it } from "vitest";
import {
  countTerms,
  FILTER_FIELDS,
  type Filters,
  filterQuery,
  filterWords,
  parseFilters,
  withoutTerm,
  withTerm,
} from "./filters";
import { neighbour, parseRange, rangeText, spanOf } from "./range";
import { parseSearch, stringifySearch } from "./search";
import { flag, list, merged, oneOf } from "./state";

function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const VALUES = [
  "openai/gpt-4o",
  "a b",
  "ünï",
  "50%",
  "x=1&y=2",
  "+1",
  "#1",
  "true",
  "@preset/x",
  "?",
  "Docs, the app",
  "a\\",
  "\\,b",
];

function sample(random: () => number): Filters {
  let filters: Filters = {};
  for (let count = Math.floor(random() * 8); count >= 0; count--) {
    const field = FILTER_FIELDS[Math.floor(random() * FILTER_FIELDS.length)];
    const value = VALUES[Math.floor(random() * VALUES.length)];
    if (!field || !value) continue;
    const text = field.kind === "switch" ? String(random() < 0.5) : value;
    filters = withTerm(filters, field.name, text, random() < 0.3);
  }
  return filters;
}

describe("filters", () => {
  it("come back from the address bar as they went there", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const filters = sample(chance(seed));
      const address = stringifySearch(filterQuery(filters));
      expect(parseFilters(parseSearch(address)), address).toEqual(filters);
    }
  });

  it("are taken away term by term until none is left", () => {
    for (let seed = 1; seed <= 100; seed++) {
      let filters = sample(chance(seed));
      for (let left = countTerms(filters); left > 0; left--) {
        expect(countTerms(filters)).toBe(left);
        const [name, terms] = Object.entries(filters)[0] ?? ["", []];
        filters = withoutTerm(filters, name, terms[0]?.value);
      }
      expect(filters).toEqual({});
    }
  });

  it("pass over what has no meaning", () => {
    expect(parseFilters({ colour: "red", streamed: "maybe", model: ",!,", open: "x" })).toEqual({});
  });

  it("take commas, marks and backslashes behind a backslash as the gateway does", () => {
    expect(parseFilters({ app: "a\\,b,!\\!c,\\\\,d\\e" })).toEqual({
      app: [
        { value: "a,b", excluded: false },
        { value: "!c", excluded: true },
        { value: "\\", excluded: false },
        { value: "d\\e", excluded: false },
      ],
    });
  });

  it("know tags, exclusion and words", () => {
    const filters = parseFilters({ "tag.team": "a,!b", q: "a,b" });
    expect(filterWords(filters)).toBe("team a, not team b, search a,b");
    expect(withTerm(filters, "tag.team", "a", true)["tag.team"]).toEqual([
      { value: "b", excluded: true },
      { value: "a", excluded: true },
    ]);
  });
});

describe("ranges", () => {
  const now = new Date("2026-11-20T18:04:31Z");

  it.each(["today", "7d", "2026-11-20T00:00:00.000Z..2026-11-21T00:00:00.000Z"])("%s", (text) => {
    const range = parseRange(text);
    expect(range && rangeText(range)).toBe(text);
  });

  it.each(["", "8d", "..", "2026-11-21..2026-11-20", "a..b", "1..2..3"])("%s is none", (text) =>
    expect(parseRange(text)).toBeNull(),
  );

  it("begin where the calendar says", () => {
    const from = (name: string) => {
      const range = parseRange(name);
      if (!range) throw new Error(name);
      return spanOf(range, now, "utc").from.toISOString();
    };
    expect(from("today")).toBe("2026-11-20T00:00:00.000Z");
    expect(from("yesterday")).toBe("2026-11-19T00:00:00.000Z");
    expect(from("month")).toBe("2026-11-01T00:00:00.000Z");
    expect(from("1h")).toBe("2026-11-20T17:04:31.000Z");
  });

  const day = (text: string) => `${text}T00:00:00.000Z`;
  const days = (from: string, to: string) => `${day(from)}..${day(to)}`;

  it.each([
    [
      "2026-11-20T00:00:00.000Z..2026-11-20T06:00:00.000Z",
      -1,
      "2026-11-19T18:00:00.000Z..2026-11-20T00:00:00.000Z",
    ],
    ["1h", -1, "2026-11-20T16:04:31.000Z..2026-11-20T17:04:31.000Z"],
    ["today", -1, "yesterday"],
    ["yesterday", -1, days("2026-11-18", "2026-11-19")],
    [days("2026-11-18", "2026-11-19"), 1, "yesterday"],
    ["yesterday", 1, "today"],
    ["today", 1, "today"],
    ["24h", 1, "24h"],
    [days("2026-11-10", "2026-11-13"), -1, days("2026-11-07", "2026-11-10")],
    ["month", -1, days("2026-10-01", "2026-11-01")],
    [days("2026-10-01", "2026-11-01"), -1, days("2026-09-01", "2026-10-01")],
    [days("2026-10-01", "2026-11-01"), 1, "month"],
  ] as const)("%s has as its neighbour at %i %s", (text, direction, expected) => {
    const range = parseRange(text);
    if (!range) throw new Error(text);
    const placed = { range, span: spanOf(range, now, "utc"), zone: "utc" as const };
    expect(rangeText(neighbour(placed, direction, now))).toBe(expected);
  });
});

describe("members of the query", () => {
  it("fall back where they make no sense", () => {
    expect(oneOf(["a", "b"], "a").read("c")).toBe("a");
    expect(flag(true).read(undefined)).toBe(true);
    expect(list.read(",a,,b")).toEqual(["a", "b"]);
  });
  it("leave the address when they say nothing", () => {
    expect(flag().write(false)).toBeUndefined();
    expect(merged({ a: "1", b: "2" }, { a: undefined, c: "3" })).toEqual({ b: "2", c: "3" });
  });
});

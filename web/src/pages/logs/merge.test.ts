import { describe, expect, it } from "vitest";
import type { LogHistogram, LogRow } from "~/api/logs";
import { idsSince, merged, sorted, totalsOf, withLive } from "./merge";

const row = (id: string, second: number, status: LogRow["status"] = "ok") =>
  ({
    id,
    status,
    created_at: `2026-11-22T10:00:${String(second).padStart(2, "0")}.000Z`,
  }) as LogRow;

const ids = (rows: readonly LogRow[]) => rows.map(({ id }) => id).join(" ");

describe("live rows", () => {
  it("are put where they belong, each once", () => {
    const live = sorted([row("d", 3), row("f", 9), row("e", 7)]);
    const listed = [row("e", 7), row("d", 3), row("c", 2), row("a", 1)];
    expect(ids(merged(live, listed))).toBe("f e d c a");
    expect(ids(merged([], listed))).toBe("e d c a");
    expect(ids(merged(live, []))).toBe("f e d");
  });

  it("of the same moment are in the order of their ids", () => {
    expect(ids(merged([row("b", 1)], [row("c", 1), row("a", 1)]))).toBe("c b a");
  });
});

describe("what the list has already", () => {
  const listed = [row("e", 7), row("d", 3), row("c", 3), row("b", 2), row("a", 1)];
  it.each([
    [[row("f", 9)], ""],
    [[row("f", 9), row("d", 3)], "e d c"],
    [[row("0", 0)], "e d c b a"],
    [[], ""],
  ])("is looked at as far back as what came", (came, expected) => {
    expect([...idsSince(listed, came)].join(" ")).toBe(expected);
  });
  it("is nothing before it has come", () => expect(idsSince(undefined, listed).size).toBe(0));
});

describe("counts", () => {
  const histogram: LogHistogram = {
    data: [
      { at: "2026-11-22T09:59:50.000Z", ok: 2, error: 1, cancelled: 0 },
      { at: "2026-11-22T10:00:00.000Z", ok: 1, error: 0, cancelled: 0 },
    ],
    range: { from: "2026-11-22T09:59:50.000Z", to: "2026-11-22T10:00:05.000Z" },
    seconds: 10,
    coverage: { one_in: 1, since: null },
  };

  it("have what came since, and no call twice", () => {
    const { data } = withLive(histogram, [row("a", 3), row("b", 6, "error"), row("c", 31)]);
    expect(data.map(({ at, ok, error }) => `${at.slice(17, 19)}: ${ok} ${error}`)).toEqual([
      "50: 2 1",
      "00: 1 1",
      "10: 0 0",
      "20: 0 0",
      "30: 1 0",
    ]);
  });

  it("add up", () => {
    expect(totalsOf(histogram.data)).toEqual({ all: 4, error: 1, cancelled: 0 });
  });
});

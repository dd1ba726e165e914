import { describe, expect, it } from "vitest";
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

it("names the lines of a statement, unknown ones too", () => {
  expect(lineName("purchases")).toBe("Credit bought or added");
  expect(lineName("some_new_line")).toBe("some new line");
});

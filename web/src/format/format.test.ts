import { describe, expect, it } from "vitest";
import { compareMagnitude, magnitudeText, parseDecimal, roundDecimal } from "./decimal";
import {
  amount,
  bytes,
  change,
  cost,
  csv,
  dateTime,
  duration,
  exact,
  percent,
  perMillion,
  quantity,
  relative,
  speed,
  tokens,
  total,
  uptime,
  whole,
} from "./index";

/** Narrow spaces written as `_`, so that the tables below can be read. */
const shown = (text: string) => text.replaceAll("\u202f", "_");

describe("cost", () => {
  it.each([
    [null, "–"],
    ["", "–"],
    ["nonsense", "–"],
    ["0", "$0"],
    ["0.000000", "$0"],
    ["0.0000001", "<$0.000001"],
    ["0.000001", "$0.000001"],
    [8.3e-5, "$0.000083"],
    ["0.00142", "$0.00142"],
    ["0.001424999", "$0.00142"],
    ["0.0123456", "$0.0123"],
    ["0.1", "$0.10"],
    ["0.123456", "$0.123"],
    ["0.9999", "$1.00"],
    ["1", "$1.00"],
    ["1.005", "$1.01"],
    ["12.5", "$12.50"],
    ["1234.567", "$1,234.57"],
    ["-0.25", "−$0.25"],
    ["0.1234567890123456789012345678", "$0.123"],
    ["9007199254740993.01", "$9,007,199,254,740,993.01"],
  ])("%s is %s", (value, text) => expect(cost(value)).toBe(text));
});

describe("total, amount and exact", () => {
  it("drops cents from a thousand dollars on", () => {
    expect(total("999.49")).toBe("$999.49");
    expect(total("999.995")).toBe("$1,000");
    expect(total("1204.4")).toBe("$1,204");
    expect(total("0.00142")).toBe("$0.00142");
  });
  it("writes amounts with two decimals", () => {
    expect(amount("88")).toBe("$88.00");
    expect(amount("-0.004")).toBe("$0.00");
    expect(amount("-1234.5")).toBe("−$1,234.50");
  });
  it("writes every digit there is", () => {
    expect(exact("1204.000142")).toBe("$1,204.000142");
    expect(exact("1204.5")).toBe("$1,204.50");
    expect(exact("8.3e-5")).toBe("$0.000083");
  });
});

describe("perMillion", () => {
  it.each([
    ["0.00000015", "$0.15"],
    ["0.0000006", "$0.60"],
    ["0.00001", "$10.00"],
    ["0.000000075", "$0.075"],
    ["0.00000007512", "$0.0751"],
    ["0", "$0"],
    ["0.00000000001", "<$0.0001"],
    ["-1", "varies"],
  ])("%s a token is %s", (value, text) => expect(perMillion(value)).toBe(text));
});

describe("quantities", () => {
  it.each([
    [9482, "9,482"],
    [9999, "9,999"],
    [10_000, "10.0_K"],
    [12_345, "12.3_K"],
    [999_960, "1.00_M"],
    [91_320_000, "91.32_M"],
    [999_999_999, "1.00_B"],
    [1_200_000_000, "1.20_B"],
    [null, "–"],
    [Number.NaN, "–"],
    [-12_345, "−12.3_K"],
  ])("%s is %s", (value, text) => expect(shown(quantity(value))).toBe(text));
  it("says what went in, came out and was cached", () => {
    expect(tokens(1204, 318)).toBe("1,204 → 318");
    expect(tokens(1204, 318, 900)).toBe("1,204 → 318 (900 cached)");
    expect(tokens(null, null, 0)).toBe("– → –");
  });
  it("writes speed, sizes and whole numbers", () => {
    expect(shown(speed(86, 1000))).toBe("86_tok/s");
    expect(speed(86, 0)).toBe("–");
    expect(shown(bytes(730))).toBe("730_B");
    expect(shown(bytes(1_400))).toBe("1.4_KB");
    expect(shown(bytes(999_600))).toBe("1.0_MB");
    expect(whole(1204318)).toBe("1,204,318");
  });
});

describe("duration", () => {
  it.each([
    [0, "0_ms"],
    [0.085, "85_µs"],
    [1.84, "1.8_ms"],
    [2, "2_ms"],
    [412.4, "412_ms"],
    [999.6, "1.00_s"],
    [1_840, "1.84_s"],
    [12_300, "12.3_s"],
    [59_960, "1_m 00_s"],
    [125_000, "2_m 05_s"],
    [11_220_000, "3_h 07_m"],
    [200_000_000, "2_d 07_h"],
    [null, "–"],
    [-1, "–"],
  ])("%s is %s", (value, text) => expect(shown(duration(value))).toBe(text));
});

describe("percent", () => {
  it("has one decimal", () => expect(shown(percent(0.125))).toBe("12.5_%"));
  it("floors uptime", () => {
    expect(shown(uptime(0.99996))).toBe("99.99_%");
    expect(shown(uptime(0.9999))).toBe("99.99_%");
    expect(shown(uptime(1))).toBe("100.00_%");
  });
  it("writes changes with their sign", () => {
    expect(shown(change(112, 100))).toBe("+12_%");
    expect(shown(change(97, 100))).toBe("−3_%");
    expect(shown(change(100, 100))).toBe("±0_%");
    expect(change(1, 0)).toBe("–");
  });
});

describe("time", () => {
  it("is written by the clock of a zone", () => {
    expect(dateTime("2026-11-20T18:04:31Z", "utc")).toBe("2026-11-20 18:04:31");
    expect(dateTime(1795197871, "utc")).toBe("2026-11-20 18:04:31");
    expect(dateTime("never", "utc")).toBe("–");
  });
  it.each([
    [-10, "just now"],
    [-50, "1 min ago"],
    [-180, "3 min ago"],
    [-3600, "1 h ago"],
    [-86_400 * 3, "3 d ago"],
    [7200, "in 2 h"],
  ])("%s seconds from now is %s", (seconds, text) => {
    const now = new Date("2026-11-20T12:00:00Z");
    expect(relative(new Date(now.getTime() + seconds * 1000), now)).toBe(text);
  });
});

describe("csv", () => {
  it("defuses formulas and leaves numbers alone", () => {
    expect(csv(["a", "b"], [["=SUM(A1)", -3.2]])).toBe("a,b\r\n'=SUM(A1),-3.2\r\n");
    expect(csv(["a"], [['say "hi", all']])).toBe('a\r\n"say ""hi"", all"\r\n');
    expect(csv(["a"], [["@cmd"], ["+1+1"], [null]])).toBe("a\r\n'@cmd\r\n'+1+1\r\n\r\n");
  });
});

describe("decimal", () => {
  it("rounds as integers do on paper, for every number of up to four digits", () => {
    for (let digits = 0; digits <= 9999; digits++) {
      const value = parseDecimal(
        `${Math.floor(digits / 1000)}.${String(digits % 1000).padStart(3, "0")}`,
      );
      if (!value) throw new Error(`${digits} is not read`);
      const wanted = Math.floor((digits + 5) / 10);
      expect(roundDecimal(value, 2).digits).toBe(BigInt(wanted));
    }
  });
  it("compares across scales and reads exponents both ways", () => {
    const one = parseDecimal("1.50");
    const other = parseDecimal("15e-1");
    if (!one || !other) throw new Error("not read");
    expect(compareMagnitude(one, other)).toBe(0);
    expect(magnitudeText(parseDecimal("2e3") ?? one)).toBe("2000");
  });
});

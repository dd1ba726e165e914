import { describe, expect, it } from "vitest";
import { COMMON, cheapestOf, costOf, MIX, pricesFor } from "./mix";

const MIXED = { prompt: 2_000, cached: 500, completion: 300, requests: 1_000 };

describe("what a mix costs", () => {
  it("is exact, with the cached part at its own price", () => {
    const pricing = {
      prompt: "0.0000001",
      completion: "0.0000004",
      input_cache_read: "0.000000025",
    };
    // 1,500 × 0.1 + 500 × 0.025 + 300 × 0.4 millionths, a thousand times.
    expect(Number(costOf(pricing, MIXED))).toBe(0.2825);
    expect(costOf(pricing, MIXED)).toMatch(/^0\.28250*$/);
  });
  it("takes the price of the prompt for what is cached where there is no other", () => {
    expect(costOf({ prompt: "1", completion: "0" }, { ...MIXED, requests: 1 })).toBe("2000");
  });
  it("never rounds, however small the price and many the calls", () => {
    const pricing = { prompt: "0.000000000000001", completion: "0.1" };
    const mix = { prompt: 3, cached: 0, completion: 3, requests: 1 };
    expect(costOf(pricing, mix)).toBe("0.300000000000003");
  });
  it("is unknown without a price, and for routers", () => {
    expect(costOf({}, MIXED)).toBeNull();
    expect(costOf({ prompt: "-1", completion: "-1" }, MIXED)).toBeNull();
    expect(costOf({ prompt: "0", completion: "0" }, MIXED)).toBe("0");
    expect(costOf({ prompt: "1" }, { ...MIXED, completion: 0, requests: 1 })).toBe("2000");
  });
  it("follows steps of the prompt's length, and none by the clock", () => {
    const pricing = {
      prompt: "1",
      completion: "2",
      overrides: [
        { min_prompt_tokens: 400, prompt: "4" },
        { min_prompt_tokens: 200, prompt: "3", completion: "5" },
        { utc_start: "16:30", prompt: "0" },
      ],
    };
    expect(pricesFor(pricing, 100)).toMatchObject({ prompt: "1", completion: "2" });
    expect(pricesFor(pricing, 200)).toMatchObject({ prompt: "3", completion: "5" });
    expect(pricesFor(pricing, 500)).toMatchObject({ prompt: "4", completion: "5" });
  });
});

it("finds the cheapest, and none among equals", () => {
  expect(cheapestOf(["0.20", "0.2", "0.3", null])).toEqual([true, true, false, false]);
  expect(cheapestOf(["0.2", "0.20"])).toEqual([false, false]);
  expect(cheapestOf(["0.2", null])).toEqual([false, false]);
});

it("is read from the address, and written there where it is not the common one", () => {
  expect(MIX.read("10,20,30,40")).toEqual({ prompt: 10, cached: 10, completion: 30, requests: 40 });
  for (const wrong of [undefined, "", "1,2,3", "1,2,3,-4", "a,b,c,d", "1,2,3,4.5"]) {
    expect(MIX.read(wrong)).toEqual(COMMON);
  }
  expect(MIX.write(COMMON)).toBeUndefined();
  expect(MIX.read(MIX.write(MIXED))).toEqual(MIXED);
});

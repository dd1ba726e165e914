import { describe, expect, it } from "vitest";
import { match, pressText } from "./sequence";

const press = (key: string, more = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});

describe("a press", () => {
  it("is told apart from the same key with a modifier", () => {
    expect(pressText(press("k"))).toBe("k");
    expect(pressText(press("k", { ctrlKey: true }))).toBe("mod+k");
    expect(pressText(press("K", { metaKey: true }))).toBe("mod+k");
    expect(pressText(press("k", { altKey: true }))).toBeNull();
    expect(pressText(press("Shift"))).toBeNull();
    expect(pressText(press("?"))).toBe("?");
  });
});

describe("a sequence", () => {
  const keys = ["j", "g l", "g k", "mod+k"];
  it("waits for its second key", () => {
    expect(match(keys, null, "g")).toEqual({ complete: null, waiting: true });
    expect(match(keys, "g", "l")).toEqual({ complete: "g l", waiting: false });
  });
  it("gives way to another shortcut", () => {
    expect(match(keys, "g", "j")).toEqual({ complete: "j", waiting: false });
    expect(match(keys, "g", "x")).toEqual({ complete: null, waiting: false });
  });
});

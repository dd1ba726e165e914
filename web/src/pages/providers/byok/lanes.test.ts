import { describe, expect, it } from "vitest";
import type { Byok } from "~/api/provider-keys";
import { bounds, laneOf, moved } from "./lanes";

const key = (id: string, more: Partial<Byok> = {}): Byok => ({
  id,
  provider: "openai",
  name: id,
  label: "sk-...abc",
  workspace_id: null,
  disabled: false,
  is_fallback: false,
  always_use: false,
  sort_order: 0,
  allowed_models: null,
  allowed_user_ids: null,
  allowed_api_key_hashes: null,
  created_at: "2026-11-22T15:36:33.197Z",
  ...more,
});

const KEYS = [
  key("b", { sort_order: 3 }),
  key("a", { sort_order: 1 }),
  key("late", { sort_order: 2, is_fallback: true }),
  key("x", { provider: "anthropic" }),
];

describe("lanes", () => {
  it("have keys by provider, in the order they are tried in", () => {
    const { groups } = laneOf(KEYS, false);
    expect(groups.map(({ provider, keys }) => [provider, ...keys.map(({ id }) => id)])).toEqual([
      ["anthropic", "x"],
      ["openai", "a", "b"],
    ]);
    expect(laneOf(KEYS, true).groups[0]?.keys.map(({ id }) => id)).toEqual(["late"]);
  });
  it("move a key past its neighbour of the same lane, or to the other", () => {
    const group = laneOf(KEYS, false).groups[1]?.keys ?? [];
    const [first, second] = group;
    if (!first || !second) throw new Error("two keys");
    expect(moved(second, group, "up")).toEqual([{ id: "b", change: { sort_order: 0 } }]);
    expect(moved(first, group, "down")).toEqual(moved(second, group, "up"));
    expect(moved(first, group, "up")).toEqual([]);
    expect(moved(second, group, "down")).toEqual([]);
    expect(moved(first, group, "over")).toEqual([{ id: "a", change: { is_fallback: true } }]);
  });
  it("tell keys apart that had one place", () => {
    const group = [key("a"), key("b"), key("c")];
    const [, second] = group;
    if (!second) throw new Error("three keys");
    expect(moved(second, group, "down")).toEqual([
      { id: "c", change: { sort_order: 1 } },
      { id: "b", change: { sort_order: 2 } },
    ]);
  });
});

it("says what bounds a key", () => {
  expect(bounds(key("a"))).toEqual([]);
  expect(bounds(key("a", { allowed_models: [], allowed_api_key_hashes: ["0"] }))).toEqual([
    "no models",
    "1 key",
  ]);
});

import { describe, expect, it } from "vitest";
import type { KeyRecord } from "~/api/keys";
import {
  bindingLimit,
  boundAbove,
  resetOf,
  stateOf,
  type WorkspaceBudget,
} from "~/components/limits/limits";
import { changeOf, draftOf, newKeyOf, problemsOf } from "./draft";

const NOW = new Date("2026-11-22T15:34:10Z");

const KEY: KeyRecord = {
  hash: "a".repeat(64),
  name: "app",
  label: "sk-or-v1-abc...def",
  disabled: false,
  limit: null,
  limit_remaining: null,
  limit_reset: null,
  include_byok_in_limit: false,
  usage: 9,
  usage_daily: 1,
  usage_weekly: 2,
  usage_monthly: 5,
  byok_usage: 0,
  byok_usage_daily: 0,
  byok_usage_weekly: 0,
  byok_usage_monthly: 0,
  created_at: "2026-11-01T00:00:00Z",
  updated_at: null,
  expires_at: null,
  rate_limits: {},
  allowed_models: null,
  allowed_providers: null,
  allowed_addresses: null,
  former_secrets: [],
  creator_user_id: null,
  workspace_id: "w",
};
const keyWith = (members: Partial<KeyRecord>): KeyRecord => ({ ...KEY, ...members });

const budget = (limit: number, spent: number | null): WorkspaceBudget => ({
  workspace: "w",
  interval: "monthly",
  limit,
  spent,
});
const bound = (key: KeyRecord, budgets: WorkspaceBudget[] = []) =>
  bindingLimit(key, budgets, () => "Team");

describe("the limit that binds", () => {
  it("is the one of which the least is left, and is named", () => {
    const key = keyWith({
      limit: 20,
      limit_remaining: 11,
      limit_reset: "monthly",
      rate_limits: { daily_budget: "4" },
    });
    expect(bound(key)).toMatchObject({ name: "daily budget", of: null, spent: 1, limit: "4" });
    expect(bound(key, [budget(100, 98)])).toMatchObject({ name: "monthly budget", of: "Team" });
  });

  it("is what is above where the key has none", () => {
    expect(bound(KEY)).toBeNull();
    expect(bound(KEY, [budget(100, 12)])).toMatchObject({ of: "Team", spent: 12, share: 0.12 });
    expect(bound(KEY, [budget(100, null)])).toBeNull();
  });

  it("counts what the server says is left, exactly", () => {
    const key = keyWith({ limit: 0.3, limit_remaining: 0.1 });
    expect(bound(key)).toMatchObject({ name: "limit", spent: "0.2" });
  });

  it("has a key used up, and one that may spend nothing", () => {
    const used = keyWith({ limit: 1, limit_remaining: 0 });
    expect(stateOf(used, bound(used), NOW)).toBe("used_up");
    const none = keyWith({ limit: 0, limit_remaining: 0 });
    expect(stateOf(none, bound(none), NOW)).toBe("used_up");
    expect(stateOf(keyWith({ disabled: true }), null, NOW)).toBe("disabled");
    expect(stateOf(keyWith({ expires_at: "2026-11-22T15:00:00Z" }), null, NOW)).toBe("expired");
    expect(stateOf(KEY, null, NOW)).toBe("active");
  });

  it.each([
    ["daily", "2026-11-23T00:00:00.000Z"],
    ["weekly", "2026-11-23T00:00:00.000Z"],
    ["monthly", "2026-12-01T00:00:00.000Z"],
    ["lifetime", undefined],
  ] as const)("of %s begins anew by UTC", (interval, at) => {
    expect(resetOf(interval, NOW)?.toISOString()).toBe(at);
  });
});

describe("the form", () => {
  const empty = draftOf(null, "w", "utc");

  it("is the body of the API", () => {
    const draft = {
      ...empty,
      name: " kiosk ",
      limit: "0.50",
      reset: "daily" as const,
      byok: true,
      limits: { requests_per_minute: "60", monthly_budget: "12.345678901" },
      models: ["tollgate/echo"],
      addresses: "192.0.2.7\n10.0.0.0/8, ",
      expires: "2027-01-31T08:00",
    };
    expect(newKeyOf(draft, "utc")).toEqual({
      name: "kiosk",
      workspace_id: "w",
      limit: 0.5,
      limit_reset: "daily",
      include_byok_in_limit: true,
      rate_limits: { requests_per_minute: 60, monthly_budget: "12.345678901" },
      allowed_models: ["tollgate/echo"],
      allowed_addresses: ["192.0.2.7", "10.0.0.0/8"],
      expires_at: "2027-01-31T08:00:00.000Z",
    });
    expect(newKeyOf({ ...empty, name: "x" }, "utc")).toEqual({ name: "x", workspace_id: "w" });
  });

  it("sends what was changed, and null for what was taken away", () => {
    const key = keyWith({
      limit: 5,
      limit_reset: "monthly",
      rate_limits: { max_concurrent: 4, tokens_per_day: 10 },
      allowed_models: ["a"],
    });
    const before = draftOf(key, "w", "utc");
    expect(changeOf(before, before)).toEqual({});
    const after = { ...before, limit: "", limits: { tokens_per_day: "20" }, models: [] };
    expect(changeOf(after, before)).toEqual({
      limit: null,
      limit_reset: null,
      rate_limits: { max_concurrent: null, tokens_per_day: 20 },
      allowed_models: null,
    });
  });

  it("names what can't be saved", () => {
    const draft = {
      ...empty,
      limit: "ten",
      limits: { requests_per_day: "1.5", daily_budget: "-1" },
    };
    expect(Object.keys(problemsOf(draft))).toEqual(["limit", "requests_per_day", "daily_budget"]);
    expect(problemsOf({ ...empty, limit: "0.000001" })).toEqual({});
  });

  it("shows tiny limits without an exponent", () => {
    expect(draftOf(keyWith({ limit: 1e-7 }), "w", "utc").limit).toBe("0.0000001");
  });
});

it("names a budget from above only where it leaves less", () => {
  const budget = (interval: WorkspaceBudget["interval"], limit: number, spent: number | null) => ({
    workspace: "w",
    interval,
    limit,
    spent,
  });
  const budgets = [budget("daily", 10, 7), budget("monthly", 50, 49), budget("weekly", 1, null)];
  expect(boundAbove("5", "w", budgets)).toMatchObject({ left: 1, budget: { interval: "monthly" } });
  expect(boundAbove("0.5", "w", budgets)).toBeNull();
  expect(boundAbove(null, "w", budgets)?.left).toBe(1);
  expect(boundAbove("5", "another", budgets)).toBeNull();
  expect(boundAbove("5", "w", [budget("daily", 2, 3)])?.left).toBe(0);
});

import { describe, expect, it } from "vitest";
import type { AuditEntry } from "~/api/organisation";
import { type AuditFilter, matches, outcomeOf } from "./audit";
import { AREAS, PERMISSIONS } from "./roles";

const entry = (more: Partial<AuditEntry>): AuditEntry => ({
  id: "1",
  at: "2026-11-22T12:00:00Z",
  user_id: null,
  key_hash: null,
  actor: "ada@example.com",
  action: "POST /keys",
  target: "/keys",
  details: null,
  outcome: 201,
  ...more,
});
const all: AuditFilter = { who: "", act: "", outcome: "all" };

describe("the audit log", () => {
  it.each([
    [null, "Unknown"],
    [0, "Done"],
    [1, "Failed"],
    [201, "Done, 201"],
    [403, "Refused, 403"],
    [500, "Failed, 500"],
  ])("an outcome of %s is %s", (outcome, words) => expect(outcomeOf(outcome).words).toBe(words));

  it("is filtered by who, what and outcome", () => {
    expect(matches(entry({}), all)).toBe(true);
    expect(matches(entry({}), { ...all, who: "ADA" })).toBe(true);
    expect(matches(entry({}), { ...all, act: "workspaces" })).toBe(false);
    expect(matches(entry({ target: "/workspaces/x" }), { ...all, act: "workspaces" })).toBe(true);
    expect(matches(entry({ outcome: 403 }), { ...all, outcome: "refused" })).toBe(true);
    expect(matches(entry({ outcome: 0 }), { ...all, outcome: "done" })).toBe(true);
    expect(matches(entry({ outcome: null }), { ...all, outcome: "done" })).toBe(false);
  });
});

describe("roles", () => {
  // As crates/organisation has them: how many areas each looks at, and changes.
  it.each([
    ["owner", 8, 8],
    ["admin", 8, 8],
    ["viewer", 8, 0],
    ["member", 5, 3],
    ["billing", 3, 1],
  ] as const)("%s looks at %s areas and changes %s", (role, looks, changes) => {
    const levels = AREAS.map(({ area }) => PERMISSIONS[role][area]);
    expect(levels.filter((level) => level !== "none")).toHaveLength(looks);
    expect(levels.filter((level) => level === "write")).toHaveLength(changes);
  });
});

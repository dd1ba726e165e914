import { expect, it } from "vitest";
import { type Act, managing } from "./managing";

const act = (id: string, key_hash: string | null, action: string): Act => ({
  id,
  key_hash,
  action,
  at: "2026-11-23T12:00:00Z",
  user_id: null,
  actor: "installation",
  target: "",
  details: null,
  outcome: 200,
});

it("tells the last act of keys that managed, and passes over what any key may do", () => {
  const found = managing([
    act("5", "a", "DELETE /keys/{hash}"),
    act("4", "a", "POST /keys"),
    act("3", "b", "POST /presets/{slug}/chat/completions"),
    act("2", "b", "POST /batches/{id}/cancel"),
    act("1", null, "keys create"),
    act("0", "c", "PUT /routing/policy"),
  ]);
  expect([...found].map(([hash, { id }]) => [hash, id])).toEqual([
    ["a", "5"],
    ["c", "0"],
  ]);
});

import { expect, it } from "vitest";
import type { LogRow } from "~/api/logs";
import { roomOf } from "./room";

const row = (model: string, key_name: string, requested_model = model): LogRow =>
  ({ model, requested_model, provider: "Acme", key_name, key_hash: "0".repeat(64) }) as LogRow;

it("gives keys what short names of models leave", () => {
  expect(roomOf([row("acme/atlas", "checkout-service")])).toEqual({
    model: 80,
    provider: 56,
    key: 112,
  });
});

it("has bounds, so that one long name takes no column away", () => {
  const long = row("acme/atlas", "k".repeat(90), "m".repeat(90));
  expect(roomOf([row("a/b", "x"), long])).toEqual({ model: 120, provider: 56, key: 168 });
  expect(roomOf([])).toEqual({ model: 56, provider: 56, key: 56 });
});

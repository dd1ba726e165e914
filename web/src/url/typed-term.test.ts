import { expect, it } from "vitest";
import { typedTerm } from "./typed-term";

it.each([
  ["model:openai/gpt-4o", "model", "openai/gpt-4o", false],
  ["!provider:azure", "provider", "azure", true],
  ["provider:!azure", "provider", "azure", true],
  ["tag.team:red", "tag.team", "red", false],
  ["gen-123", "q", "gen-123", false],
  ["http://x", "q", "http://x", false],
  ["colour:red", "q", "colour:red", false],
])("%s filters by %s", (text, field, value, excluded) => {
  expect(typedTerm(text, ["model", "provider"])).toEqual({ field, value, excluded });
});

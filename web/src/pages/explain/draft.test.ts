import { expect, it } from "vitest";
import { merged } from "~/url/state";
import { type Draft, EMPTY, readDraft, requestOf, withoutCause, writeDraft } from "./draft";

const FULL: Draft = {
  model: "acme/m",
  sort: "price",
  only: ["first", "second"],
  ignore: ["third"],
  order: ["second"],
  needs: ["tools", "json", "vision"],
  fallbacks: false,
  deny: true,
  zdr: true,
  maxPrompt: "0.15",
  maxCompletion: "1",
  maxTokens: "100",
};

it.each([EMPTY, FULL])("comes back from the address as it went there", (draft) => {
  expect(readDraft(merged({}, writeDraft(draft)) as Record<string, string>)).toEqual(draft);
});

it("passes over what makes no sense in an address", () => {
  expect(
    readDraft({ sort: "colour", max_prompt: "-1", max_tokens: "1.5", needs: "x,tools" }),
  ).toEqual({
    ...EMPTY,
    needs: ["tools"],
  });
});

it("asks for what was chosen, and for nothing else", () => {
  expect(requestOf(EMPTY)).toBeNull();
  expect(requestOf({ ...EMPTY, model: "acme/m" })).toEqual({
    model: "acme/m",
    messages: [{ role: "user", content: "Hello" }],
  });
  const full = requestOf(FULL);
  expect(full?.provider).toEqual({
    sort: "price",
    only: ["first", "second"],
    ignore: ["third"],
    order: ["second"],
    allow_fallbacks: false,
    data_collection: "deny",
    zdr: true,
    max_price: { prompt: "0.15", completion: "1" },
  });
  expect(full?.max_tokens).toBe(100);
  expect(full?.tools).toHaveLength(1);
});

it.each([
  ["is ignored by the request's provider.ignore", { ignore: [] }],
  ["is not in the request's provider.only", { only: [] }],
  ["would be a fallback, which the request forbids", { fallbacks: true }],
  ["may train on prompts or keep them", { deny: false }],
  ["may keep prompts", { zdr: false }],
  ["costs more than the request's provider.max_price", { maxPrompt: "", maxCompletion: "" }],
  ["can't write as many tokens as max_tokens asks for", { maxTokens: "" }],
  ["does not read image", { needs: ["tools", "json"] }],
  ["does not know tools, and another endpoint does", { needs: ["json", "vision"] }],
  ["does not know the parameter response_format", { needs: ["tools", "vision"] }],
])("takes away what caused: it %s", (why, change) => {
  expect(withoutCause(FULL, why)).toEqual({ ...FULL, ...change });
});

it.each([
  "is ignored, by the rule `no third`",
  "is not allowed, by the restrictions of this key",
  "has no price in the catalog, and unpriced is not free",
])("leaves alone what it did not cause: it %s", (why) => {
  expect(withoutCause(FULL, why)).toBeNull();
});

import { describe, expect, it } from "vitest";
import { looksLikeKey, recognised } from "./recognise";

describe("a key that is pasted", () => {
  it.each([
    ["sk-ant-api03-abcdefgh", "anthropic"],
    ["sk-or-v1-0123456789abcdef", "openrouter"],
    ["sk-proj-0123456789abcdef", "openai"],
    ["  AIzaSyA-0123456789\n", "google-ai-studio"],
    ["gsk_0123456789", "groq"],
    ["sk-0123456789T3BlbkFJ0123456789", "openai"],
    ['{ "type": "service_account", "project_id": "acme" }', "google-vertex"],
  ])("%s is one of %s", (key, provider) => expect(recognised(key)).toBe(provider));

  it("is nobody's where several providers give out keys of its form", () => {
    expect(recognised("sk-0123456789abcdef0123456789abcdef")).toBeNull();
    expect(recognised("")).toBeNull();
  });

  it("is told from the name of a provider", () => {
    expect(looksLikeKey("sk-0123456789abcdef0123456789abcdef")).toBe(true);
    expect(looksLikeKey("gsk_0123456789")).toBe(true);
    expect(looksLikeKey("deepinfra")).toBe(false);
    expect(looksLikeKey("cloudferro sherlock and others")).toBe(false);
    expect(looksLikeKey("sk-ant-")).toBe(false);
  });
});

import { expect, it } from "vitest";
import { rank } from "./rank";

const items = ["Logs", "Models", "openai/gpt-4o-mini", "anthropic/claude", "Prologue"].map(
  (label) => ({ label, words: label === "Logs" ? "requests" : "" }),
);
const labels = (text: string) => rank(items, text).map((item) => item.label);

it("finds by beginnings first, then inside, then by letters in order", () => {
  expect(labels("log")).toEqual(["Logs", "Prologue"]);
  expect(labels("gpt")).toEqual(["openai/gpt-4o-mini"]);
  expect(labels("g4m")).toEqual(["openai/gpt-4o-mini"]);
  expect(labels("request")).toEqual(["Logs"]);
  expect(labels("xyz")).toEqual([]);
  expect(labels(" ")).toHaveLength(items.length);
});

it("has what is called exactly so before what only begins so", () => {
  const models = ["contoso/swift-large", "swiftly/one", "acme/swift"].map((label) => ({ label }));
  expect(rank(models, "swift").map(({ label }) => label)).toEqual([
    "acme/swift",
    "swiftly/one",
    "contoso/swift-large",
  ]);
});

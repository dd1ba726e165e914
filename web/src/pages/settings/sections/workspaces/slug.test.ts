import { expect, it } from "vitest";
import { slugOf } from "./slug";

it.each([
  ["Research & Co.", "research-co"],
  ["  Größe 2 ", "gro-e-2"],
  ["Café", "cafe"],
  ["!", ""],
  ["a".repeat(60), "a".repeat(50)],
])("%s suggests %s", (name, slug) => expect(slugOf(name)).toBe(slug));

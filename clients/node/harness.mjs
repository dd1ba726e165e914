// What every client is asked and how its answers are judged, whatever the library.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

const file = new URL("../questions.json", import.meta.url);
export const QUESTIONS = JSON.parse(readFileSync(file, "utf8"));
export const IMAGE_URI = `data:image/png;base64,${QUESTIONS.image}`;

/** What structured answers are held to. */
export const City = z.object({ city: z.string(), population: z.number().int() });

/** Something is not as it should be. */
export class Wrong extends Error {}

/** The client has no such feature, for this reason. */
export class Lacking extends Error {}

/** What a client has read. A stream fills it as it comes. */
export class Heard {
  text = "";
  reasoning = "";
  /** Calls of tools: `{ id, name, arguments }`. */
  calls = [];
  /** Of the prompt and of the answer. */
  tokens = null;
  /** The answer as the library wants it back. */
  turn = null;
}

/** The calls of the answer before with their results. */
export function answered({ heard, results }) {
  return (heard?.calls ?? []).map((call, index) => ({ call, result: results[index] }));
}

/** Both are equal. */
export function same(what, got, expected) {
  if (isDeepStrictEqual(got, expected)) return;
  throw new Wrong(`${what}: got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
}

/** It holds. */
export function must(holds, otherwise) {
  if (!holds) throw new Wrong(otherwise());
}

/** What an error says, with its kind unless it is our own. */
export function described(error) {
  if (error instanceof Wrong) return error.message;
  const cause = error?.cause ? `; because ${described(error.cause)}` : "";
  return `${error?.constructor?.name}: ${error?.message ?? JSON.stringify(error)}${cause}`;
}

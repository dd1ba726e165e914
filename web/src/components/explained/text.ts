import type { Routing } from "~/api/generation";
import { cost, duration, percent, UNKNOWN } from "~/format";
import { plain, policyWords, sentenceOf } from "./sentence";
import { type Made, sortWords, verdictsOf } from "./verdicts";

/** An explanation as text, for a ticket or a chat. */
export function explainedText(title: string, routing: Routing, made: Made | null): string {
  const verdicts = verdictsOf(routing, made);
  const rows = verdicts.map(({ candidate, words, why }) => [
    candidate.position === null ? UNKNOWN : String(candidate.position),
    candidate.endpoint_id,
    words,
    `it ${why}`,
    candidate.price === null ? UNKNOWN : `≈ ${cost(candidate.price)}`,
    candidate.chance === null ? UNKNOWN : percent(candidate.chance),
    duration(candidate.first_token_ms),
  ]);
  const head = ["#", "endpoint", "verdict", "why", "price", "chance", "first token"];
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const rules = policyWords(routing);
  return [
    title,
    plain(sentenceOf(verdicts, made)),
    "",
    line(head),
    ...rows.map(line),
    "",
    `Sorted by ${sortWords(routing.sort)}. Seed ${routing.seed}.`,
    ...(rules ? [`Rules: ${rules}.`] : []),
    "",
  ].join("\n");
}

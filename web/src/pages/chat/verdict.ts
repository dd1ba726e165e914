import { compareMagnitude, parseDecimal } from "~/format/decimal";
import type { Answer } from "./conversation";

/** Of the answers to one prompt, which were best at what. Ties name nobody. */
export interface Verdict {
  fastest: number | null;
  cheapest: number | null;
  longest: number | null;
}

/** Null until at least two have answered whole, and all have ended. */
export function verdictOf(answers: readonly (Answer | undefined)[]): Verdict | null {
  const whole = answers.flatMap((answer, column) =>
    answer?.status === "done" ? [{ answer, column }] : [],
  );
  if (whole.length < 2 || answers.some((answer) => answer?.status === "running")) return null;
  const times = whole.map(({ answer, column }) => ({ column, value: answer.totalMs }));
  const lengths = whole.map(({ answer, column }) => ({
    column,
    value: answer.usage === null ? null : -answer.usage.completionTokens,
  }));
  return { fastest: least(times), cheapest: cheapestOf(whole), longest: least(lengths) };
}

function least(values: readonly { column: number; value: number | null }[]): number | null {
  const sorted = values.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0));
  const [first, second] = sorted;
  if (!first || !second || values.some(({ value }) => value === null)) return null;
  return first.value === second.value ? null : first.column;
}

function cheapestOf(whole: readonly { answer: Answer; column: number }[]): number | null {
  const costs = whole.flatMap(({ answer, column }) => {
    const value = answer.usage?.cost == null ? null : parseDecimal(answer.usage.cost);
    return value ? [{ column, value }] : [];
  });
  if (costs.length < whole.length) return null;
  const [first, second] = costs.toSorted((a, b) => compareMagnitude(a.value, b.value));
  if (!first || !second) return null;
  return compareMagnitude(first.value, second.value) === 0 ? null : first.column;
}

import type { Answered, Question } from "./analytics";

/** Of these, what has none is a group that says something: calls that nobody answered. */
const TELLING: readonly string[] = ["provider", "endpoint", "model"];

type Ask = (question: Question) => Promise<Answered>;

/** Asks so that calls which nobody answered are never part of "Other", however few they are. */
export async function unfolded(question: Question, ask: Ask): Promise<Answered> {
  const found = await ask(question);
  const { group_limit: limit, filters = [] } = question;
  const field = question.dimensions?.find((name) => TELLING.includes(name));
  if (!limit || limit < 2 || field === undefined) return found;
  const groups = new Set(found.rows.map((row) => row[field]));
  if (!groups.has("other") || groups.has("")) return found;
  const only = (operator: "eq" | "neq", most: number) => {
    const unset = { field, operator, value: "", include_unset: false };
    return ask({ ...question, group_limit: most, filters: [...filters, unset] });
  };
  const unset = await only("eq", limit);
  if (unset.rows.length === 0) return found;
  const others = await only("neq", limit - 1);
  return {
    question,
    rows: [...unset.rows, ...others.rows],
    truncated: unset.truncated || others.truncated,
    warnings: others.warnings,
  };
}

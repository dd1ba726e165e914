/** The kinds of failures that count against an endpoint, after a number of them. */
const WORDS: Readonly<Record<string, string>> = {
  credential_refused: "key refused",
  payment_required: "payment wanted",
  model_missing: "model not known there",
  timeout: "timed out",
  unreachable: "unreachable",
  broken: "broken answer",
  truncated: "broken off",
  empty: "empty answer",
  overloaded: "overloaded",
};

export const failureWords = (kind: string): string => WORDS[kind] ?? kind.replaceAll("_", " ");

/** Kinds and how many, the most frequent first. */
export const byCount = (failures: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(failures).sort(([, one], [, other]) => other - one);

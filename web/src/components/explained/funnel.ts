import type { Made, Verdict } from "./verdicts";

/** How many are left, and the rule that left so many. */
export interface Narrowing {
  left: number;
  rule: string;
  kind: "all" | "excluded" | "tried" | "served";
}

/** From all endpoints to the one that served, with the rule at each narrowing. */
export function funnelOf(verdicts: readonly Verdict[], made: Made | null): Narrowing[] {
  const steps: Narrowing[] = [
    { left: verdicts.length, rule: "serve the models asked for", kind: "all" },
  ];
  const reasons = new Map<string, number>();
  for (const { kind, why } of verdicts) {
    if (kind === "excluded") reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  let left = verdicts.length;
  for (const [why, out] of reasons) {
    left -= out;
    steps.push({ left, rule: `without ${out} that ${plural(why, out)}`, kind: "excluded" });
  }
  if (made === null) {
    if (left > 1) steps.push({ left: 1, rule: "would be tried first", kind: "served" });
    return steps;
  }
  const tried = verdicts.filter(({ kind }) => kind === "served" || kind === "failed").length;
  if (tried < left) steps.push({ left: tried, rule: "tried", kind: "tried" });
  const served = verdicts.filter(({ kind }) => kind === "served").length;
  if (served < tried) steps.push({ left: served, rule: "answered", kind: "served" });
  return steps;
}

const VERBS: Readonly<Record<string, string>> = {
  is: "are",
  has: "have",
  does: "do",
  costs: "cost",
  takes: "take",
};

/** A phrase that follows "it", so that it follows "two that". */
function plural(why: string, count: number): string {
  if (count === 1) return why;
  const [verb = "", ...rest] = why.split(" ");
  return [VERBS[verb] ?? verb, ...rest].join(" ");
}

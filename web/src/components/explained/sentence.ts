import type { Attempt, Routing } from "~/api/generation";
import { isAnswer, type Made, slugOf, type Verdict } from "./verdicts";

/** A sentence in pieces. Names stand out, and a call's id leads there. */
export type Words = readonly (string | { name: string } | { call: string })[];

export const plain = (words: Words): string =>
  words
    .map((piece) => {
      if (typeof piece === "string") return piece;
      return "call" in piece ? piece.call : piece.name;
    })
    .join("");

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? "" : "s"}`;

/** `were` or `was`. */
const were = (number: number): string => (number === 1 ? "was" : "were");

function nameOf(endpoint: string, attempts: readonly Attempt[]): string {
  const known = attempts.find((attempt) => attempt.endpoint_id === endpoint);
  return known?.provider_name ?? slugOf(endpoint);
}

/** Why a call went where it went, in a sentence or two. */
export function madeSentence(verdicts: readonly Verdict[], { attempts, cacheSource }: Made): Words {
  if (cacheSource) {
    return ["Told again: nobody was asked. The answer was kept from ", { call: cacheSource }, "."];
  }
  const served = verdicts.find(({ kind }) => kind === "served");
  const left = verdicts.filter(({ kind }) => kind !== "excluded").length;
  const out = verdicts.length - left;
  const ruled = out === 0 ? "" : ` left after ${out} ${were(out)} ruled out`;
  const failures = attempts.filter((attempt) => !isAnswer(attempt));
  if (attempts.length === 0) {
    return left === 0
      ? [`Nothing was tried: all ${count(out, "endpoint")} were ruled out.`]
      : ["Nothing was tried: the call ended before its first attempt."];
  }
  if (!served) {
    return [
      `Nobody answered. ${count(left, "endpoint")} ${were(left)}${ruled === "" ? " there" : ruled}: `,
      ...failureWords(failures),
      ".",
    ];
  }
  const { candidate, why } = served;
  const beginning: Words = [
    "Served by ",
    { name: nameOf(candidate.endpoint_id, attempts) },
    `, which ${why}`,
    left === 1 && out === 0 ? ": the only endpoint there is." : `: one of ${left}${ruled}.`,
  ];
  return failures.length === 0
    ? beginning
    : [...beginning, " Before it, ", ...failureWords(failures), "."];
}

const FAILURES_MAX = 3;

/** `First failed (503), then Second failed (429)`. */
function failureWords(failures: readonly Attempt[]): Words {
  const told = failures.slice(0, FAILURES_MAX).flatMap((attempt, index): Words => {
    const what = attempt.status ?? attempt.fault?.replaceAll("_", " ") ?? "no answer";
    return [index === 0 ? "" : ", then ", { name: attempt.provider_name }, ` failed (${what})`];
  });
  const more = failures.length - FAILURES_MAX;
  return more > 0 ? [...told, `, and ${count(more, "more attempt")}`] : told;
}

/** Where a call would go now. */
export function dryRunSentence(verdicts: readonly Verdict[]): Words {
  const first = verdicts.find(({ kind }) => kind === "next");
  const left = verdicts.filter(({ kind }) => kind !== "excluded");
  const out = verdicts.length - left.length;
  if (!first) return [`It would go nowhere: all ${count(out, "endpoint")} are ruled out.`];
  const second = left.find(({ candidate }) => candidate.position === 2);
  const ruled = out === 0 ? "" : ` left after ${out} ${were(out)} ruled out`;
  return [
    "It would go to ",
    { name: slugOf(first.candidate.endpoint_id) },
    `, which ${first.why}`,
    left.length === 1 && out === 0
      ? ": the only endpoint there is."
      : `: one of ${left.length}${ruled}.`,
    ...(second
      ? [" Should that fail, ", { name: slugOf(second.candidate.endpoint_id) }, " is next."]
      : []),
  ];
}

/** The sentence for a plan, made or not. */
export function sentenceOf(verdicts: readonly Verdict[], made: Made | null): Words {
  return made === null ? dryRunSentence(verdicts) : madeSentence(verdicts, made);
}

/** What a rule of the operator's did, where any matched. */
export function policyWords(routing: Routing): string | null {
  const rules = routing.policy?.rules ?? [];
  if (rules.length === 0) return null;
  return rules.map(({ name, what }) => `${name}: ${what}`).join("; ");
}

import type { Attempt, Generation, Routing } from "~/api/generation";
import {
  faultWords,
  isAnswer,
  placeWords,
  slugOf,
  sortWords,
  type Verdict,
  verdictsOf,
} from "~/components/explained/verdicts";

/** What of a call its route is told by. */
export type Routed = Pick<
  Generation,
  "model" | "requested_model" | "provider_responses" | "routing"
>;

/** An endpoint in two calls; null where a call did not know of it. */
export interface Pair {
  endpoint: string;
  a: Verdict | null;
  b: Verdict | null;
  /** Whether it fared otherwise in one than in the other. */
  differs: boolean;
}

/** How the tries of an endpoint ended, without how long they took. */
const triesOf = (attempts: readonly Attempt[], endpoint: string): string =>
  attempts
    .filter((attempt) => attempt.endpoint_id === endpoint)
    .map((attempt) => (isAnswer(attempt) ? "answered" : endOf(attempt)))
    .join(", then ");

const endOf = ({ status, fault }: Attempt): string =>
  [status, fault && faultWords(fault)].filter(Boolean).join(", ") || "failed";

/** What is the same of two calls of which nothing is different: times and chances may be. */
function fate(verdict: Verdict | null, attempts: readonly Attempt[]): string {
  if (!verdict) return "";
  const { endpoint_id, position, place, reason } = verdict.candidate;
  return JSON.stringify([verdict.kind, position, place, reason, triesOf(attempts, endpoint_id)]);
}

const verdictsIn = ({ routing, provider_responses: attempts }: Routed): Verdict[] =>
  routing ? verdictsOf(routing, { attempts }) : [];

/** Every endpoint that either call knew of: in the order of the first, then what only the second had. */
export function pairsOf(a: Routed, b: Routed): Pair[] {
  const [inA, inB] = [verdictsIn(a), verdictsIn(b)];
  const find = (verdicts: readonly Verdict[], endpoint: string) =>
    verdicts.find(({ candidate }) => candidate.endpoint_id === endpoint) ?? null;
  const endpoints = [...inA, ...inB].map(({ candidate }) => candidate.endpoint_id);
  return [...new Set(endpoints)].map((endpoint) => {
    const pair = { endpoint, a: find(inA, endpoint), b: find(inB, endpoint) };
    const differs = fate(pair.a, a.provider_responses) !== fate(pair.b, b.provider_responses);
    return { ...pair, differs };
  });
}

const served = ({ provider_responses: attempts }: Routed): string =>
  attempts.findLast(isAnswer)?.provider_name ?? "nobody";

const firstOf = (routing: Routing) =>
  routing.candidates.find(({ position }) => position === 1) ?? null;

/** What two calls have otherwise, in sentences, the weightiest first; none where they went the same way. */
export function differencesBetween(a: Routed, b: Routed): string[] {
  const said: string[] = [];
  const tell = (one: string, other: string, words: (one: string, other: string) => string) => {
    if (one !== other) said.push(words(one, other));
  };
  tell(served(a), served(b), (one, other) => `A was answered by ${one}, B by ${other}.`);
  tell(a.requested_model, b.requested_model, (one, other) => `A asked for ${one}, B for ${other}.`);
  const asItWasAsked = a.model === a.requested_model && b.model === b.requested_model;
  tell(
    asItWasAsked ? "" : a.model,
    asItWasAsked ? "" : b.model,
    (one, other) => `The model of A was ${one}, that of B ${other}.`,
  );
  const pairs = pairsOf(a, b);
  if (a.routing && b.routing && pairs.every((pair) => pair.a === null || pair.b === null)) {
    // Of other models, at endpoints of their own: there is nothing to set against one another.
    said.push(`${courseOf(a, "A")}; ${courseOf(b, "B")}.`);
    return said;
  }
  said.push(...pairs.flatMap((pair) => triedDifferently(pair, a, b)));
  if (a.routing && b.routing) said.push(...plannedDifferently(a.routing, b.routing));
  else if (a.routing || b.routing)
    said.push(`${a.routing ? "B" : "A"} had nothing to choose from.`);
  return said;
}

/** What happened in a call, one attempt after another. */
function courseOf({ provider_responses: attempts }: Routed, letter: string): string {
  const tries = attempts.map(
    (attempt) =>
      `${attempt.provider_name} ${isAnswer(attempt) ? "answered" : `failed (${endOf(attempt)})`}`,
  );
  return `in ${letter} ${tries.join(", then ") || "nothing was tried"}`.replace(/^in A/, "In A");
}

function triedDifferently({ endpoint }: Pair, a: Routed, b: Routed): string[] {
  const one = triesOf(a.provider_responses, endpoint);
  const other = triesOf(b.provider_responses, endpoint);
  if (one === other) return [];
  const name =
    [...a.provider_responses, ...b.provider_responses].find(
      (attempt) => attempt.endpoint_id === endpoint,
    )?.provider_name ?? slugOf(endpoint);
  const told = (tries: string, letter: string) =>
    tries === "" ? `it was not tried in ${letter}` : `in ${letter}: ${tries}`;
  return [`${name} ${one === "" ? "was not tried in A" : `in A: ${one}`}; ${told(other, "B")}.`];
}

function plannedDifferently(a: Routing, b: Routing): string[] {
  const said: string[] = [];
  if (a.sort !== b.sort)
    said.push(`A was sorted by ${sortWords(a.sort)}, B by ${sortWords(b.sort)}.`);
  const [one, other] = [firstOf(a), firstOf(b)];
  if (one && other && one.endpoint_id !== other.endpoint_id) {
    said.push(
      `A began at ${slugOf(one.endpoint_id)}, which ${placeWords(one, a.sort)}; B at ${slugOf(other.endpoint_id)}, which ${placeWords(other, b.sort)}.`,
    );
  }
  const versions = [a.policy?.version ?? null, b.policy?.version ?? null];
  if (versions[0] !== versions[1]) {
    said.push(
      `The rules were ${versionWords(versions[0])} in A, ${versionWords(versions[1])} in B.`,
    );
  }
  const ruledOut = (routing: Routing) =>
    routing.candidates.filter(({ position }) => position === null);
  for (const { endpoint_id, reason } of ruledOut(b)) {
    if (couldServe(a, endpoint_id))
      said.push(`${slugOf(endpoint_id)} could serve A; in B it ${reason ?? "was left out"}.`);
  }
  for (const { endpoint_id, reason } of ruledOut(a)) {
    if (couldServe(b, endpoint_id))
      said.push(`${slugOf(endpoint_id)} could serve B; in A it ${reason ?? "was left out"}.`);
  }
  return said;
}

const versionWords = (version: number | string | null | undefined): string =>
  version == null ? "none" : `version ${version}`;

const couldServe = (routing: Routing, endpoint: string): boolean =>
  routing.candidates.some((one) => one.endpoint_id === endpoint && one.position !== null);

import type { Attempt, Candidate, Generation, Routing } from "~/api/generation";
import { duration, percent } from "~/format";

/** What became of an endpoint: of a call that was made, or that would be made now. */
export type VerdictKind = "served" | "failed" | "next" | "spare" | "excluded";

export interface Verdict {
  candidate: Candidate;
  kind: VerdictKind;
  /** What became of it: `tried: 429, rate limited, after 120 ms`. */
  words: string;
  /** Why it stood where it did, or why it was left out: a phrase that follows "it". */
  why: string;
}

/** What a call did with its plan. */
export interface Made {
  attempts: readonly Attempt[];
  /** The call whose answer was told again, where nobody was asked. */
  cacheSource?: string | null;
}

export const madeOf = (
  record: Pick<Generation, "provider_responses" | "response_cache_source_id">,
): Made => ({
  attempts: record.provider_responses,
  cacheSource: record.response_cache_source_id,
});

export const isAnswer = (attempt: Attempt): boolean =>
  attempt.fault === null && (attempt.status ?? 200) < 400;

/** `rate_limited` as `rate limited`. */
export const faultWords = (fault: string): string => fault.replaceAll("_", " ");

const SORTS: Record<Routing["sort"], string> = {
  balanced: "price among those that are well",
  price: "price",
  throughput: "speed",
  latency: "time to the first token",
  exacto: "how well it calls tools",
};

/** What the endpoints were put in order by. */
export const sortWords = (sort: Routing["sort"]): string => SORTS[sort];

/** Why an endpoint stands where it does, as a phrase that follows "it". */
export function placeWords({ place, chance, own_key }: Candidate, sort: Routing["sort"]): string {
  switch (place) {
    case "sticky":
      return "has this conversation in its cache";
    case "byok":
      return own_key ? `is called with your own key ${own_key}` : "is called with your own key";
    case "ordered":
      return "is named by the request's provider.order";
    case "drawn":
      return chance === null || chance >= 1
        ? "was the only one to draw from"
        : `was drawn, with a chance of ${percent(chance)}`;
    case "sorted":
      return `came by ${SORTS[sort]}`;
    case "price":
      return "came next by price";
    case "dropped":
      return "was left out";
  }
}

/** How one try ended: `429, rate limited, after 120 ms`. */
export function attemptWords(attempt: Attempt): string {
  const time = duration(attempt.latency);
  if (isAnswer(attempt)) return `answered in ${time}`;
  const said = [attempt.status, attempt.fault && faultWords(attempt.fault)].filter(Boolean);
  return `${said.join(", ") || "failed"} after ${time}`;
}

function verdictOf(candidate: Candidate, sort: Routing["sort"], made: Made | null): Verdict {
  const { position, reason } = candidate;
  if (position === null) {
    return { candidate, kind: "excluded", words: "left out", why: reason ?? "was left out" };
  }
  const place = placeWords(candidate, sort);
  const why = reason === null ? place : `${place}, behind others because it ${reason}`;
  if (made === null) {
    const words = position === 1 ? "would be tried first" : `would be tried as number ${position}`;
    return { candidate, kind: position === 1 ? "next" : "spare", words, why };
  }
  const tries = made.attempts.filter((attempt) => attempt.endpoint_id === candidate.endpoint_id);
  const served = tries.some(isAnswer);
  if (tries.length === 0) {
    return { candidate, kind: "spare", words: "could serve, not reached", why };
  }
  const words = tries.map(attemptWords).join("; then ");
  return { candidate, kind: served ? "served" : "failed", words, why };
}

/** The verdict on every candidate: those to be tried in their order, then those left out. */
export function verdictsOf(routing: Routing, made: Made | null): Verdict[] {
  return routing.candidates.map((candidate) => verdictOf(candidate, routing.sort, made));
}

/** The provider's name in configuration, as the id of an endpoint begins with it. */
export const slugOf = (endpoint: string): string => endpoint.split("/")[0] ?? endpoint;

/** The part of an endpoint's id behind the provider: the model, and what marks a variant. */
export const modelOf = (endpoint: string): string => endpoint.split("/").slice(1).join("/");

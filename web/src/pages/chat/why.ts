import type { components } from "~/api/schema";

export type GenerationRecord = Pick<
  components["schemas"]["Generation"]["data"],
  "provider_name" | "provider_responses" | "routing"
>;

/** An endpoint that could have answered, and what became of it. */
export interface Candidate {
  id: string;
  verdict: "served" | "failed" | "spare" | "left_out";
  words: string;
  /** About what the call would have cost there, as decimal text. */
  price: string | null;
  chance: number | null;
  firstTokenMs: number | null;
}

const ORDER: readonly Candidate["verdict"][] = ["served", "failed", "spare", "left_out"];

/** All endpoints that were looked at: who served, who failed, who stood by, who was left out. */
export function candidatesOf({ routing, provider_responses }: GenerationRecord): Candidate[] {
  const list = (routing?.candidates ?? []).map((one): Candidate => {
    const attempts = provider_responses.filter(
      ({ endpoint_id }) => endpoint_id === one.endpoint_id,
    );
    const failed = attempts.find(({ fault }) => fault !== null);
    const served = attempts.some(({ fault }) => fault === null);
    const shared = {
      id: one.endpoint_id,
      price: one.price === null ? null : String(one.price),
      chance: one.chance,
      firstTokenMs: one.first_token_ms,
    };
    if (served) return { ...shared, verdict: "served", words: `Served: ${PLACES[one.place]}` };
    if (failed) {
      const status = failed.status === null ? "" : ` ${failed.status}`;
      return { ...shared, verdict: "failed", words: `Tried, failed:${status} ${failed.fault}` };
    }
    if (one.position === null) {
      return {
        ...shared,
        verdict: "left_out",
        words: `Left out: it ${one.reason ?? "can't serve this"}`,
      };
    }
    const reason = one.reason === null ? "" : `, because it ${one.reason}`;
    return {
      ...shared,
      verdict: "spare",
      words: `Number ${one.position} in line, not needed${reason}`,
    };
  });
  return list.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
}

type Place = NonNullable<GenerationRecord["routing"]>["candidates"][number]["place"];

const PLACES: Record<Place, string> = {
  sticky: "it has the conversation in its cache",
  byok: "it is called with a key of your own",
  ordered: "the request names it",
  drawn: "drawn among those that are well, the cheaper the likelier",
  sorted: "first by the sort that was asked for",
  price: "the next cheapest",
  dropped: "left out",
};

/** The whole matter in a sentence or two. */
export function sentenceOf(record: GenerationRecord, candidates: readonly Candidate[]): string {
  const name = record.provider_name ?? "Nobody";
  const out = candidates.filter(({ verdict }) => verdict === "left_out").length;
  const left = candidates.length - out;
  const place = record.routing?.candidates.find(
    ({ endpoint_id }) => endpoint_id === candidates.find(({ verdict }) => verdict === "served")?.id,
  )?.place;
  const how =
    left === 1
      ? out === 0
        ? "the only endpoint of this model"
        : `the only one left after ${count(out, "endpoint")} ${out === 1 ? "was" : "were"} ruled out`
      : `${place ? PLACES[place] : "one"} of ${left}${out > 0 ? ` left after ${out} ${out === 1 ? "was" : "were"} ruled out` : ""}`;
  const failed = record.provider_responses.filter(({ fault }) => fault !== null);
  const before = failed
    .map(({ provider_name, status, fault }) => `${provider_name} (${status ?? fault})`)
    .join(", ");
  const served = candidates.some(({ verdict }) => verdict === "served");
  if (served) {
    const first = `Served by ${name}: ${how}.`;
    return before === "" ? first : `${first} Tried before: ${before}.`;
  }
  return before === "" ? "No endpoint was asked." : `No endpoint answered whole. Tried: ${before}.`;
}

const count = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;

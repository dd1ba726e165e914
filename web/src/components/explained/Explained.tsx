/**
 * Why a call went where it went, or would go: the sentence, the funnel, every endpoint.
 *
 *     <Explained routing={record.routing} made={{ attempts: record.provider_responses }} />
 *     <Explained routing={plan} made={null} remedy={(why) => <Button …>Without this</Button>} />
 *
 * `Sentence` alone is the short form. `remedy` is what can be done about a reason.
 */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Routing } from "~/api/generation";
import { useNarrow } from "~/app/media";
import { classes } from "~/components/classes";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { duration, NARROW, percent, UNKNOWN, whole } from "~/format";
import { funnelOf, type Narrowing } from "./funnel";
import { sentenceOf, type Words } from "./sentence";
import { type Made, modelOf, slugOf, type Verdict, type VerdictKind, verdictsOf } from "./verdicts";

export interface ExplainedProps {
  routing: Routing;
  /** What came of the plan; null for one that was only asked for. */
  made: Made | null;
  remedy?: (why: string) => ReactNode;
  /** Beside the sentence: copy as text. */
  actions?: ReactNode;
}

export function Explained({ routing, made, remedy, actions }: ExplainedProps) {
  const verdicts = verdictsOf(routing, made);
  return (
    <>
      <div className="mb-8 flex flex-wrap items-start gap-x-6 gap-y-3">
        <p className="max-w-[68ch] flex-1 basis-80 text-title">
          <Sentence words={sentenceOf(verdicts, made)} />
        </p>
        {actions}
      </div>
      {verdicts.length > 1 && (
        <Section title="How it came down to one">
          <Funnel steps={funnelOf(verdicts, made)} />
        </Section>
      )}
      <Section title="Every endpoint" hint={hintOf(verdicts)}>
        <Candidates verdicts={verdicts} remedy={remedy ?? settingOf} />
      </Section>
    </>
  );
}

function hintOf(verdicts: readonly Verdict[]): string {
  const out = verdicts.filter(({ kind }) => kind === "excluded").length;
  const left = whole(verdicts.length - out);
  return out === 0 ? `${left} could serve` : `${left} could serve, ${whole(out)} left out`;
}

/** A sentence with its names standing out. */
export function Sentence({ words }: { words: Words }) {
  return words.map((piece, index) =>
    typeof piece === "string" ? (
      piece
    ) : (
      <strong key={index} className="font-semibold">
        {piece.name}
      </strong>
    ),
  );
}

const FILLS: Record<Narrowing["kind"], string> = {
  all: "bg-line-strong",
  excluded: "bg-line-strong",
  tried: "bg-muted",
  served: "bg-accent",
};

function Funnel({ steps }: { steps: readonly Narrowing[] }) {
  const all = Math.max(1, steps[0]?.left ?? 1);
  return (
    <ol className="flex max-w-180 flex-col">
      {steps.map(({ left, rule, kind }, index) => (
        <li
          key={index}
          className="grid min-h-8 grid-cols-[2rem_minmax(4rem,10rem)_minmax(0,1fr)] items-center gap-3 py-1"
        >
          <span className="text-right font-medium">{whole(left)}</span>
          <span aria-hidden className="h-2">
            <span
              className={classes("block h-full min-w-0.5", FILLS[kind])}
              style={{ width: `${(left / all) * 100}%` }}
            />
          </span>
          <span className={kind === "excluded" ? "text-muted" : ""}>{rule}</span>
        </li>
      ))}
    </ol>
  );
}

const MARKS: Record<VerdictKind, string> = {
  served: "bg-accent",
  next: "bg-accent",
  failed: "bg-bad",
  spare: "bg-line-strong",
  excluded: "bg-transparent border border-line-strong",
};

interface CandidatesProps {
  verdicts: readonly Verdict[];
  remedy: (why: string) => ReactNode;
}

const CELL = "border-b py-2 pr-4 align-top";
const NUMBER = "border-b py-2 pl-4 align-top text-right whitespace-nowrap";

function Candidates({ verdicts, remedy }: CandidatesProps) {
  const narrow = useNarrow();
  const heads = narrow ? ["Endpoint"] : ["Endpoint", "Verdict", "Why"];
  const numbers = narrow ? [] : ["Price of this call", "Chance", "First token", "Speed"];
  return (
    <table aria-label="Every endpoint" className="w-full">
      <thead className="text-label text-muted">
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col" className="border-b py-1.5 pr-4 text-left font-normal">
              {head}
            </th>
          ))}
          {numbers.map((head) => (
            <th
              key={head}
              scope="col"
              className="border-b py-1.5 pl-4 text-right font-normal whitespace-nowrap"
            >
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {verdicts.map((verdict) => (
          <CandidateRow
            key={verdict.candidate.endpoint_id}
            verdict={verdict}
            remedy={remedy}
            narrow={narrow}
          />
        ))}
      </tbody>
    </table>
  );
}

interface CandidateRowProps {
  verdict: Verdict;
  remedy: CandidatesProps["remedy"];
  narrow: boolean;
}

function CandidateRow({ verdict, remedy, narrow }: CandidateRowProps) {
  const { candidate, kind, words, why } = verdict;
  const excluded = kind === "excluded";
  const reason = (
    <>
      It {why}.{excluded && <span className="ml-2 inline-block">{remedy(why)}</span>}
    </>
  );
  return (
    <tr className={excluded ? "text-muted" : ""}>
      <th scope="row" className={classes(CELL, "text-left font-normal")}>
        <span className="flex min-w-0 items-baseline gap-2">
          <span aria-hidden className={classes("size-2 shrink-0", MARKS[kind])} />
          <span className="min-w-0 break-words">
            <span className={excluded ? "" : "font-medium"}>{slugOf(candidate.endpoint_id)}</span>{" "}
            <span className="font-mono text-label break-all text-muted">
              {modelOf(candidate.endpoint_id)}
            </span>
            {candidate.own_key && (
              <span className="block text-label">own key {candidate.own_key}</span>
            )}
            {narrow && (
              <span className="mt-1 block">
                <VerdictWords kind={kind} words={words} />
                <span className="block text-muted">{reason}</span>
              </span>
            )}
          </span>
        </span>
      </th>
      {!narrow && (
        <>
          <td className={classes(CELL, "min-w-36")}>
            <VerdictWords kind={kind} words={words} />
          </td>
          <td className={classes(CELL, "text-muted")}>{reason}</td>
          <td className={NUMBER}>
            <Money dollars={candidate.price} estimated />
          </td>
          <td className={NUMBER}>{percent(candidate.chance)}</td>
          <td className={NUMBER}>{duration(candidate.first_token_ms)}</td>
          <td className={NUMBER}>
            {candidate.tokens_per_second === null
              ? UNKNOWN
              : `${whole(candidate.tokens_per_second)}${NARROW}tok/s`}
          </td>
        </>
      )}
    </tr>
  );
}

function VerdictWords({ kind, words }: { kind: VerdictKind; words: string }) {
  const look = { served: "text-accent", next: "text-accent", failed: "text-bad" }[kind as string];
  return (
    <span className={classes(look, kind === "excluded" ? "" : "font-medium")}>
      {words.slice(0, 1).toUpperCase() + words.slice(1)}
    </span>
  );
}

/** Where the setting is that a reason names. */
function settingOf(why: string): ReactNode {
  const look = "text-accent underline";
  if (why.includes("by the rule")) {
    return (
      <Link to="/routing" className={look}>
        Rules
      </Link>
    );
  }
  if (why.includes("restrictions of this key")) {
    return (
      <Link to="/keys" className={look}>
        Keys
      </Link>
    );
  }
  return null;
}

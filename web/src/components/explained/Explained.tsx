/**
 * Why a call went where it went, or would go: the sentence, the funnel, every endpoint.
 *
 *     <Explained routing={record.routing} made={madeOf(record)} />
 *     <Explained routing={plan} made={null} remedy={(why) => <Button …>Without this</Button>} />
 *
 * `Sentence` alone is the short form. `remedy` is what can be done about a reason.
 */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Candidate, Routing } from "~/api/generation";
import { useNarrow } from "~/app/media";
import { classes } from "~/components/classes";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { duration, percent, speed, whole } from "~/format";
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
      <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
        <p className="max-w-[68ch] flex-1 basis-80 text-title">
          <Sentence words={sentenceOf(verdicts, made)} />
        </p>
        {actions && <div className="ml-auto">{actions}</div>}
      </div>
      {verdicts.length > 1 && !made?.cacheSource && (
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
  return words.map((piece, index) => {
    if (typeof piece === "string") return piece;
    if ("call" in piece) return <CallLink key={index} id={piece.call} />;
    return (
      <strong key={index} className="font-semibold">
        {piece.name}
      </strong>
    );
  });
}

/** Leads to a call of the log, with the list beside it. */
export function CallLink({ id, children = id }: { id: string; children?: ReactNode }) {
  return (
    <Link
      to="/logs"
      search={{ open: id, q: id, range: "30d" }}
      className="break-words text-accent underline"
    >
      {children}
    </Link>
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

/** What is known of an endpoint in numbers. A column of nothing but unknowns is left out. */
const NUMBERS: readonly {
  head: string;
  known: (candidate: Candidate) => boolean;
  cell: (candidate: Candidate) => ReactNode;
}[] = [
  {
    head: "Price of this call",
    known: ({ price }) => price !== null,
    cell: ({ price }) => <Money dollars={price} estimated />,
  },
  {
    head: "Chance",
    known: ({ chance }) => chance !== null,
    cell: ({ chance }) => percent(chance),
  },
  {
    head: "First token",
    known: ({ first_token_ms }) => first_token_ms !== null,
    cell: ({ first_token_ms }) => duration(first_token_ms),
  },
  {
    head: "Speed",
    known: ({ tokens_per_second }) => tokens_per_second !== null,
    cell: ({ tokens_per_second }) => speed(tokens_per_second, 1_000),
  },
];

const CELL = "border-b py-2 pr-4 align-top";
const NUMBER = "border-b py-2 pl-4 align-top text-right whitespace-nowrap";

function Candidates({ verdicts, remedy }: CandidatesProps) {
  const narrow = useNarrow();
  const numbers = NUMBERS.filter(({ known }) => verdicts.some((one) => known(one.candidate)));
  const heads = narrow ? ["Endpoint"] : ["Endpoint", "Verdict", "Why"];
  return (
    <table aria-label="Every endpoint" className="w-full">
      <thead className="text-label text-muted">
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col" className="border-b py-1.5 pr-4 text-left font-normal">
              {head}
            </th>
          ))}
          {!narrow &&
            numbers.map(({ head }) => (
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
          <tr
            key={verdict.candidate.endpoint_id}
            className={verdict.kind === "excluded" ? "text-muted" : ""}
          >
            <EndpointCell verdict={verdict}>
              {narrow && (
                <>
                  <VerdictWords {...verdict} />
                  <span className="block text-muted">
                    <Reason verdict={verdict} remedy={remedy} />
                  </span>
                </>
              )}
            </EndpointCell>
            {!narrow && (
              <>
                <td className={classes(CELL, "min-w-32")}>
                  <VerdictWords {...verdict} />
                </td>
                <td className={classes(CELL, "min-w-36 text-muted")}>
                  <Reason verdict={verdict} remedy={remedy} />
                </td>
                {numbers.map(({ head, cell }) => (
                  <td key={head} className={NUMBER}>
                    {cell(verdict.candidate)}
                  </td>
                ))}
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EndpointCell({ verdict, children }: { verdict: Verdict; children: ReactNode }) {
  const { candidate, kind } = verdict;
  return (
    <th scope="row" className={classes(CELL, "min-w-32 text-left font-normal")}>
      <span className="flex min-w-0 items-baseline gap-2">
        <span aria-hidden className={classes("size-2 shrink-0", MARKS[kind])} />
        <span className="min-w-0">
          <span className={kind === "excluded" ? "" : "font-medium"}>
            {slugOf(candidate.endpoint_id)}
          </span>
          <span className="block font-mono text-label break-words text-muted">
            {modelOf(candidate.endpoint_id)}
          </span>
          {candidate.own_key && (
            <span className="block text-label">own key {candidate.own_key}</span>
          )}
          {children}
        </span>
      </span>
    </th>
  );
}

function Reason({ verdict, remedy }: { verdict: Verdict; remedy: CandidatesProps["remedy"] }) {
  const help = verdict.kind === "excluded" && remedy(verdict.why);
  return (
    <>
      It {verdict.why}.{help && <span className="block pt-1">{help}</span>}
    </>
  );
}

const LOOKS: Partial<Record<VerdictKind, string>> = {
  served: "text-accent",
  next: "text-accent",
  failed: "text-bad",
};

function VerdictWords({ kind, words }: Verdict) {
  const look = LOOKS[kind];
  return (
    <span className={classes("block", look, kind !== "excluded" && "font-medium")}>
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

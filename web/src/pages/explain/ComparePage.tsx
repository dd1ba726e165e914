import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeftRight } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "~/api/error";
import { type Generation, generationQuery } from "~/api/generation";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { classes } from "~/components/classes";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { sortWords } from "~/components/explained/verdicts";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Page, Section } from "~/components/Page";
import { phasesOf } from "~/components/phases";
import { Switch } from "~/components/Switch";
import { Time } from "~/components/Time";
import { Tokens } from "~/components/Tokens";
import { Waterfall } from "~/components/Waterfall";
import { duration, UNKNOWN } from "~/format";
import { flag, useSearchParams, useUrlState } from "~/url/state";
import { differencesBetween, type Pair, pairsOf } from "./compare";

const ALL = flag(true);

/** Two calls beside each other: where they went, and why not the same way. */
export default function ComparePage() {
  const [{ a = "", b = "" }, change] = useSearchParams();
  const one = useQuery({ ...generationQuery(a), enabled: a !== "" });
  const other = useQuery({ ...generationQuery(b), enabled: b !== "" });
  const failed = (one.error && !one.data) || (other.error && !other.data);
  return (
    <Page
      title="Two calls"
      scope="where they went, and why not the same way"
      actions={
        <>
          <ApiCall
            method="GET"
            path="/generation"
            query={{ id: a }}
            and={{ method: "GET", path: "/generation", query: { id: b } }}
          />
          <Button
            icon={<ArrowLeftRight aria-hidden className="size-4" />}
            onClick={() => change({ a: b, b: a }, true)}
          >
            Swap
          </Button>
        </>
      }
    >
      {a === "" || b === "" ? (
        <EmptyState title="Choose two calls">
          Tick two rows of the <Logs>log</Logs>, then Compare.
        </EmptyState>
      ) : failed ? (
        <Unread
          errors={[one.error, other.error]}
          onRetry={() => void Promise.all([one.refetch(), other.refetch()])}
        />
      ) : one.data && other.data ? (
        <Compared a={one.data} b={other.data} />
      ) : (
        <Loading label="Two calls" rows={10} />
      )}
    </Page>
  );
}

function Logs({ children }: { children: ReactNode }) {
  return (
    <Link to="/logs" className="text-accent underline">
      {children}
    </Link>
  );
}

function Unread({ errors, onRetry }: { errors: readonly unknown[]; onRetry: () => void }) {
  if (errors.some((error) => error instanceof ApiError && error.status === 404)) {
    return (
      <EmptyState title="One of them is not there">
        Its record is too old, of another workspace, or not written yet. Choose two from the{" "}
        <Logs>log</Logs>.
      </EmptyState>
    );
  }
  const error = errors.find((one) => one !== null);
  return <ErrorPanel what="The calls can't be read" error={error} onRetry={onRetry} />;
}

interface Both {
  a: Generation;
  b: Generation;
}

function Compared({ a, b }: Both) {
  const differences = differencesBetween(a, b);
  return (
    <>
      {differences.length === 0 ? (
        <p className="text-title">Both went the same way.</p>
      ) : (
        <ul aria-label="What differs" className="flex max-w-[68ch] flex-col gap-1 text-read">
          {differences.map((sentence, index) => (
            <li key={sentence} className={classes(index === 0 && "text-title")}>
              {sentence}
            </li>
          ))}
        </ul>
      )}
      <Section title="Beside each other">
        <Facts a={a} b={b} />
      </Section>
      <Section title="Attempts" hint="each on its own clock">
        <div className="grid gap-x-10 gap-y-4 lg:grid-cols-2">
          {[a, b].map((record, index) => (
            <div key={letterOf(index)} className="min-w-0">
              <h3 className="font-semibold">{letterOf(index)}</h3>
              <Waterfall label={`Attempts of ${letterOf(index)}`} phases={phasesOf(record)} />
            </div>
          ))}
        </div>
      </Section>
      <Endpoints pairs={pairsOf(a, b)} />
    </>
  );
}

const letterOf = (index: number): string => (index === 0 ? "A" : "B");

/** A row: what it is, how it is written, and what makes two of them the same. */
interface Row {
  label: string;
  shown: (record: Generation) => ReactNode;
  /** What is compared; where it is left out nothing is. */
  value?: (record: Generation) => string | number | null | undefined;
}

const ROWS: readonly Row[] = [
  { label: "Call", shown: (it) => <CallLink id={it.id} /> },
  { label: "Time", shown: (it) => <Time at={it.created_at} /> },
  {
    label: "Model asked for",
    shown: (it) => it.requested_model,
    value: (it) => it.requested_model,
  },
  { label: "Model that answered", shown: (it) => it.model, value: (it) => it.model },
  {
    label: "Provider",
    shown: (it) => it.provider_name ?? UNKNOWN,
    value: (it) => it.provider_name,
  },
  {
    label: "Status",
    shown: (it) =>
      it.error ? (
        <span className="text-bad">{it.error.status}</span>
      ) : it.cancelled ? (
        "cancelled"
      ) : (
        "ok"
      ),
    value: (it) => it.error?.status ?? (it.cancelled ? "cancelled" : "ok"),
  },
  {
    label: "Attempts",
    shown: (it) => it.provider_responses.length,
    value: (it) => it.provider_responses.length,
  },
  {
    label: "Sorted by",
    shown: (it) => (it.routing ? sortWords(it.routing.sort) : UNKNOWN),
    value: (it) => it.routing?.sort,
  },
  {
    label: "Preset",
    shown: (it) => it.preset_id ?? UNKNOWN,
    value: (it) => it.preset_id,
  },
  {
    label: "Streamed",
    shown: (it) => (it.streamed ? "yes" : "no"),
    value: (it) => String(it.streamed),
  },
  {
    label: "Tokens",
    shown: (it) => (
      <Tokens
        input={it.tokens_prompt}
        output={it.tokens_completion}
        cached={it.native_tokens_cached}
      />
    ),
  },
  { label: "Cost", shown: (it) => <Money dollars={it.total_cost} /> },
  { label: "First token", shown: (it) => duration(it.latency) },
  { label: "Took", shown: (it) => duration(it.generation_time) },
];

function CallLink({ id }: { id: string }) {
  return (
    <Link
      to={`/logs/${id}/route`}
      title={id}
      className="block truncate font-mono text-label text-accent underline"
    >
      {id}
    </Link>
  );
}

function Facts({ a, b }: Both) {
  return (
    <table aria-label="Beside each other" className="w-full max-w-200 table-fixed">
      <thead className="text-label text-muted">
        <tr className="border-b">
          <td className="h-8 w-[30%]" />
          <th scope="col" className="text-left font-normal">
            A
          </th>
          <th scope="col" className="pl-4 text-left font-normal">
            B
          </th>
        </tr>
      </thead>
      <tbody>
        {ROWS.map(({ label, shown, value }) => {
          const differs = value !== undefined && (value(a) ?? null) !== (value(b) ?? null);
          return (
            <tr key={label} className={classes("border-b", differs && "bg-accent-soft")}>
              <th scope="row" className="h-8 px-2 py-1 text-left font-normal text-muted">
                {label}
                {differs && <span className="sr-only">, differs</span>}
              </th>
              <td className={classes("py-1 break-words", differs && "font-medium")}>{shown(a)}</td>
              <td className={classes("py-1 pl-4 break-words", differs && "font-medium")}>
                {shown(b)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Every endpoint that either knew of, with what became of it in both. */
function Endpoints({ pairs }: { pairs: readonly Pair[] }) {
  const [all, setAll] = useUrlState("all", ALL);
  const shown = all ? pairs : pairs.filter(({ differs }) => differs);
  if (pairs.length === 0) return null;
  return (
    <Section
      title="Every endpoint"
      hint={`${pairs.filter(({ differs }) => differs).length} of ${pairs.length} fared otherwise`}
      actions={<Switch label="Only those" checked={!all} onChange={(only) => setAll(!only)} />}
    >
      <ul aria-label="Endpoints">
        {shown.map((pair) => (
          <li
            key={pair.endpoint}
            className={classes(
              "grid gap-x-6 gap-y-1 border-b px-2 py-2 md:grid-cols-[minmax(8rem,14rem)_1fr_1fr]",
              pair.differs && "bg-accent-soft",
            )}
          >
            <span className="font-mono text-label break-all">
              {pair.endpoint}
              {pair.differs && <span className="sr-only">, differs</span>}
            </span>
            <Fate letter="A" verdict={pair.a} />
            <Fate letter="B" verdict={pair.b} />
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="text-muted">None fared otherwise.</p>}
    </Section>
  );
}

const TONES: Partial<Record<string, string>> = { served: "text-accent", failed: "text-bad" };

function Fate({ letter, verdict }: { letter: string; verdict: Pair["a"] }) {
  return (
    <p className="grid min-w-0 grid-cols-[1rem_1fr] gap-x-1">
      <span className="text-muted">{letter}</span>
      {verdict ? (
        <span className="min-w-0">
          <span className={classes("font-medium", TONES[verdict.kind])}>{verdict.words}</span>
          <span className="block text-muted">It {verdict.why}.</span>
        </span>
      ) : (
        <span className="text-muted">It was not there.</span>
      )}
    </p>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Generation, generationQuery } from "~/api/generation";
import type { LogRow } from "~/api/logs";
import { Sentence } from "~/components/explained/Explained";
import { madeSentence, sentenceOf } from "~/components/explained/sentence";
import { madeOf, verdictsOf } from "~/components/explained/verdicts";
import { Money } from "~/components/Money";
import { phasesOf } from "~/components/phases";
import { Tokens } from "~/components/Tokens";
import { Waterfall } from "~/components/Waterfall";
import { duration } from "~/format";
import { speedOf } from "../columns";
import type { FilterBy } from "../view";
import { Content } from "./Content";
import { Cost } from "./Cost";
import { Feedback } from "./Feedback";
import { Metadata } from "./Metadata";

interface CallDetailsProps {
  record: Generation;
  row: LogRow | undefined;
  filterBy: FilterBy;
}

export function CallDetails({ record, row, filterBy }: CallDetailsProps) {
  return (
    <div className="flex flex-col gap-6">
      {record.error && <Failure error={record.error} />}
      <Figures record={record} />
      <Part title="Where the time went">
        <Waterfall label="Where the time went" phases={phasesOf(record)} />
      </Part>
      <Part title="Why this provider">
        <Why record={record} />
      </Part>
      <Part title="Cost">
        <Cost record={record} />
      </Part>
      <Part title="Request and response">
        <Content key={record.id} id={record.id} />
      </Part>
      <Part title="Details">
        <Metadata record={record} row={row} filterBy={filterBy} />
      </Part>
      <Part title="Feedback">
        <Feedback key={record.id} record={record} />
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1.5 font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function Failure({ error }: { error: NonNullable<Generation["error"]> }) {
  return (
    <div className="border-l-2 border-bad pl-3">
      <p className="font-semibold">
        <span className="mr-2 font-mono text-bad">{error.status}</span>
        {error.error_type.replaceAll("_", " ")}
      </p>
      <p className="break-words text-muted">{error.message}</p>
    </div>
  );
}

function Figures({ record }: { record: Generation }) {
  const speed = speedOf({
    streamed: record.streamed,
    completion_tokens: record.tokens_completion,
    generation_time_ms: record.generation_time,
    latency_ms: record.latency,
  });
  const figures: [string, ReactNode][] = [
    ["Cost", <Money key="cost" dollars={record.total_cost} />],
    ["First token", duration(record.latency)],
    ["Took", duration(record.generation_time)],
    ["Speed", speed],
    [
      "Tokens",
      <Tokens
        key="tokens"
        input={record.tokens_prompt}
        output={record.tokens_completion}
        cached={record.native_tokens_cached}
      />,
    ],
  ];
  return (
    <dl className="flex flex-wrap gap-x-6 gap-y-3">
      {figures.map(([label, value]) => (
        <div key={label} className="flex flex-col">
          <dt className="text-label text-muted">{label}</dt>
          <dd className="text-title font-medium">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Why({ record }: { record: Generation }) {
  const { routing, response_cache_source_id: source } = record;
  if (source) return <ToldAgain source={source} took={record.generation_time} />;
  if (!routing) return <p className="text-muted">Nothing was planned for this call.</p>;
  const made = madeOf(record);
  return (
    <p>
      <Sentence words={sentenceOf(verdictsOf(routing, made), made)} />{" "}
      <Link to={`/logs/${record.id}/route`} className="text-accent underline">
        Every endpoint
      </Link>
    </p>
  );
}

/** A call that nobody was asked for: whose answer it is, and what that had cost. */
function ToldAgain({ source, took }: { source: string; took: number | null }) {
  const { data } = useQuery({ ...generationQuery(source), retry: false });
  const made = { attempts: [], cacheSource: source };
  return (
    <p>
      <Sentence words={madeSentence([], made)} />
      {data && (
        <>
          {" "}
          It saved <Money dollars={data.total_cost} />: that one took{" "}
          {duration(data.generation_time)}, this one {duration(took)}.
        </>
      )}
    </p>
  );
}

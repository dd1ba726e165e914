import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { compactJson } from "./compact";
import { policyQuery } from "./queries";
import { RulesEditor } from "./RulesEditor";

/** A rule as it is stored; what it may hold is in docs/policies.md. */
interface Rule {
  name?: string;
  description?: string;
  enabled?: boolean;
  when?: unknown;
  then?: unknown;
  last?: boolean;
}

/** The stored rules in the order in which they are looked at. */
export function Rules({ writes }: { writes: boolean }) {
  const [editing, setEditing] = useState(false);
  const { data, error, isPending, refetch } = useQuery(policyQuery);
  if (isPending) return <Loading label="Rules" rows={6} />;
  if (error && !data) {
    return (
      <ErrorPanel what="The rules can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  if (!data) return null;
  if (editing) return <RulesEditor policy={data} onDone={() => setEditing(false)} />;
  const rules = data.rules as Rule[];
  const edit = writes && (
    <Button variant="primary" onClick={() => setEditing(true)}>
      Edit rules
    </Button>
  );
  if (rules.length === 0) {
    return (
      <EmptyState title="No rules are stored" action={edit}>
        A rule says for which calls it holds and what follows: other models, bounds that no request
        relaxes, an experiment, a cheap model first. Rules of the configuration file are not shown
        here; they are looked at before these.
      </EmptyState>
    );
  }
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <p className="text-muted">
          Version {data.version}
          {data.created_at && (
            <>
              , <Time at={data.created_at} relative />
            </>
          )}
          {data.note && `: ${data.note}`}. Rules of the configuration file are looked at before.
        </p>
        <span className="ml-auto">{edit}</span>
      </div>
      <ol aria-label="Rules">
        {rules.map((rule, index) => (
          <RuleRow key={rule.name ?? index} rule={rule} place={index + 1} />
        ))}
      </ol>
    </>
  );
}

function RuleRow({ rule, place }: { rule: Rule; place: number }) {
  return (
    <li className="grid gap-x-6 gap-y-1 border-b py-3 md:grid-cols-[2rem_minmax(0,1fr)_minmax(0,1fr)]">
      <span className="text-muted">{place}</span>
      <div className="min-w-0 md:col-span-2">
        <h2 className="flex flex-wrap items-baseline gap-x-3 font-semibold">
          {rule.name}
          {rule.enabled === false && (
            <span className="font-normal">
              <Status tone="idle">Switched off</Status>
            </span>
          )}
          {rule.last && <span className="font-normal text-muted">no later rule is looked at</span>}
        </h2>
        {rule.description && <p className="text-muted">{rule.description}</p>}
      </div>
      <Part name="When" value={rule.when} otherwise="For every call" first />
      <Part name="Then" value={rule.then} otherwise="Nothing follows" />
    </li>
  );
}

function Part({
  name,
  value,
  otherwise,
  first = false,
}: {
  name: string;
  value: unknown;
  otherwise: string;
  first?: boolean;
}) {
  return (
    <div className={first ? "min-w-0 md:col-start-2" : "min-w-0"}>
      <p className="text-label text-muted">{value === undefined ? otherwise : name}</p>
      {value !== undefined && <Code code={compactJson(value)} language="json" bare />}
    </div>
  );
}

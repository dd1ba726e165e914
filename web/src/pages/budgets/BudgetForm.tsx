import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, client } from "~/api/client";
import type { Workspace } from "~/api/organisation";
import type { KeyRecord } from "~/api/session";
import { useZone } from "~/app/preferences";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, Input } from "~/components/Field";
import { dateTime } from "~/format";
import { type Change, changes, type Limits, problems } from "./changes";
import { INTERVAL_NAMES, INTERVALS, type Interval, paceOf } from "./interval";
import type { Budgets, Line } from "./queries";
import { useMinute } from "./use-minute";

export type Subject =
  | { kind: "workspace"; workspace: Workspace; budgets: Budgets }
  | { kind: "key"; record: KeyRecord };

export interface BudgetFormProps {
  subject: Subject;
  lines: readonly Line[];
  may: boolean;
  onDone: () => void;
}

function limitsOf(subject: Subject): Limits {
  if (subject.kind === "workspace") {
    return Object.fromEntries(
      subject.budgets.data.map((it) => [it.reset_interval ?? "lifetime", String(it.limit_usd)]),
    );
  }
  const { rate_limits } = subject.record;
  const set = INTERVALS.flatMap((interval) => {
    const limit = rate_limits[`${interval}_budget`];
    return limit === undefined ? [] : [[interval, limit] as const];
  });
  return Object.fromEntries(set);
}

/** One amount for each interval; what is left empty bounds nothing. */
export function BudgetForm({ subject, lines, may, onDone }: BudgetFormProps) {
  const queries = useQueryClient();
  const before = limitsOf(subject);
  const [limits, setLimits] = useState<Limits>(before);
  const byokBefore = subject.kind === "workspace" && subject.budgets.include_byok_in_budgets;
  const [byok, setByok] = useState(byokBefore);
  const [shown, setShown] = useState(false);
  const wrong = problems(limits);
  const wanted = changes(before, limits);
  const untouched = wanted.length === 0 && byok === byokBefore;
  const save = useMutation({
    mutationFn: () => put(subject, wanted, limits, byok === byokBefore ? undefined : byok),
    onSuccess: onDone,
    // Some of several changes may have been made before one was refused.
    onSettled: () =>
      queries.invalidateQueries({
        predicate: ({ queryKey: [area] }) => area === "workspaces" || area === "budgets",
      }),
  });
  if (!may) {
    return (
      <p className="text-muted">
        {subject.kind === "key"
          ? "Whoever made this key, and admins of its workspace, can change what it may spend."
          : "Owners and admins, and admins of this workspace, can change its budgets."}
      </p>
    );
  }
  return (
    <Form
      label="Budgets"
      onSubmit={() => {
        setShown(true);
        if (Object.keys(wrong).length === 0) save.mutate();
      }}
    >
      {INTERVALS.map((interval) => {
        const problem = shown || limits[interval] ? wrong[interval] : undefined;
        return (
          <Field
            key={interval}
            name={interval}
            label={`${INTERVAL_NAMES[interval]}, in US dollars`}
            optional
            {...(problem ? { error: problem } : {})}
            hint={<Forecast interval={interval} limit={limits[interval]} lines={lines} />}
          >
            <Input
              inputMode="decimal"
              autoComplete="off"
              placeholder="No budget"
              value={limits[interval] ?? ""}
              onValueChange={(value) => setLimits({ ...limits, [interval]: value })}
            />
          </Field>
        );
      })}
      {subject.kind === "workspace" && <Byok checked={byok} onChange={setByok} limits={limits} />}
      <p className="text-muted">
        When a budget is used up, calls are refused with{" "}
        {subject.kind === "workspace" ? "403" : "402"} before they begin, until the next period.
        What was spent since a period began counts.
      </p>
      {save.error && (
        <p role="alert" className="text-bad">
          {messageOf(save.error)}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" busy={save.isPending} disabled={untouched}>
          Save budgets
        </Button>
        <Button onClick={onDone}>Cancel</Button>
        <ApiCall {...callOf(subject, wanted, limits)} />
      </div>
    </Form>
  );
}

function Byok({
  checked,
  onChange,
  limits,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  limits: Limits;
}) {
  const id = useId();
  const none = Object.values(limits).every((limit) => limit.trim() === "");
  return (
    <label htmlFor={id} className="flex min-h-8 items-center gap-2">
      <input
        id={id}
        type="checkbox"
        className="size-4"
        checked={checked}
        disabled={none}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        Count what providers charge to callers’ own accounts, too
        {none && <span className="text-muted"> (needs a budget)</span>}
      </span>
    </label>
  );
}

/** What a limit would mean at the rate so far. */
function Forecast({
  interval,
  limit,
  lines,
}: {
  interval: Interval;
  limit: string | undefined;
  lines: readonly Line[];
}) {
  const now = useMinute();
  const [zone] = useZone();
  const spent = lines.find((line) => line.interval === interval && !line.plain)?.spent;
  const amount = Number(limit);
  if (!spent || !(amount > 0)) return null;
  const share = Number(spent) / amount;
  if (share >= 1) return "Used up already: calls are refused until the next period.";
  const at = paceOf(interval, share, now)?.usedUpAt;
  return at ? `At this rate calls are refused from ${dateTime(at, zone).slice(0, 16)} on.` : null;
}

async function put(
  subject: Subject,
  wanted: readonly Change[],
  limits: Limits,
  byok: boolean | undefined,
): Promise<void> {
  if (subject.kind === "key") {
    const body = { rate_limits: rateLimits(wanted) };
    const params = { path: { hash: subject.record.hash } };
    await answer(client.PATCH("/api/v1/keys/{hash}", { params, body }));
    return;
  }
  const included = byok === undefined ? {} : { include_byok_in_budgets: byok };
  const kept = INTERVALS.find((interval) => limits[interval]?.trim());
  // What is counted can only be said with a budget: the same one again, where none changes.
  const sets = wanted.some(({ limit }) => limit !== null);
  const all =
    byok !== undefined && !sets && kept
      ? [...wanted, { interval: kept, limit: limits[kept]?.trim() ?? null }]
      : wanted;
  for (const { interval, limit } of all) {
    const params = { path: { id: subject.workspace.id, interval } };
    if (limit === null) {
      await client.DELETE("/api/v1/workspaces/{id}/budgets/{interval}", { params });
    } else {
      const body = { limit_usd: Number(limit), ...included };
      await client.PUT("/api/v1/workspaces/{id}/budgets/{interval}", { params, body });
    }
  }
}

const rateLimits = (wanted: readonly Change[]) =>
  Object.fromEntries(wanted.map(({ interval, limit }) => [`${interval}_budget`, limit]));

/** The first of the calls that saving makes. */
function callOf(subject: Subject, wanted: readonly Change[], limits: Limits) {
  if (subject.kind === "key") {
    const body = { rate_limits: rateLimits(wanted) };
    return { method: "PATCH", path: `/keys/${subject.record.hash}`, body } as const;
  }
  const change = wanted[0] ?? { interval: "monthly" as const, limit: limits.monthly ?? "25" };
  const path = `/workspaces/${subject.workspace.slug}/budgets/${change.interval}`;
  if (change.limit === null) return { method: "DELETE", path } as const;
  return { method: "PUT", path, body: { limit_usd: Number(change.limit) } } as const;
}

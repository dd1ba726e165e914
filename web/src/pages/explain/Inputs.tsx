import type { Generation, Routing } from "~/api/generation";
import { sortWords } from "~/components/explained/verdicts";
import { type Fact, Facts } from "~/components/Facts";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { Tokens } from "~/components/Tokens";
import { percent } from "~/format";

/** What the plan depended on, as it was then. */
export function Inputs({ routing, record }: { routing: Routing; record: Generation | null }) {
  const { policy } = routing;
  const seed = <code className="font-mono text-label">{routing.seed}</code>;
  const tokens = record && (
    <Tokens input={record.tokens_prompt} output={record.tokens_completion} />
  );
  const facts: (Fact | null)[] = [
    ["Sorted by", sortWords(routing.sort)],
    ["Seed of the draw", seed],
    record && ["Model asked for", record.requested_model],
    record && record.model !== record.requested_model
      ? ["Model that answered", record.model]
      : null,
    record && ["Tokens", tokens],
    record && ["Region", record.data_region],
    record?.service_tier ? ["Service tier", record.service_tier] : null,
    record?.router ? ["Router", record.router] : null,
    record?.preset_id ? ["Preset", record.preset_id] : null,
    ...(policy ? policyFacts(policy) : []),
  ];
  return (
    <Section title="Inputs" hint={record ? "as they were at the time" : "as they are now"}>
      <div className="max-w-180">
        <Facts facts={facts} />
        {policy && policy.stages.length > 0 && <Stages stages={policy.stages} />}
      </div>
    </Section>
  );
}

type Policy = NonNullable<Routing["policy"]>;

function policyFacts(policy: Policy): (Fact | null)[] {
  const rules = (
    <ul>
      {policy.rules.map(({ name, what }) => (
        <li key={name}>
          <span className="font-medium">{name}</span> {what}
        </li>
      ))}
    </ul>
  );
  return [
    ["Rules that matched", rules],
    policy.version === null ? null : ["Version of the rules", policy.version],
    policy.labels.length > 0 ? ["Labels", policy.labels.join(", ")] : null,
    policy.experiment ? ["Experiment", `${policy.experiment}, arm ${policy.arm ?? "–"}`] : null,
    policy.confidence === null ? null : ["Models that agreed", percent(policy.confidence)],
  ];
}

function Stages({ stages }: { stages: Policy["stages"] }) {
  return (
    <ol aria-label="Models that were asked" className="mt-4">
      {stages.map(({ model, outcome, cost }, index) => (
        <li key={index} className="flex min-h-8 items-center gap-4 border-b">
          <span className="min-w-0 flex-1 truncate">{model}</span>
          <span className="text-muted">{outcome}</span>
          <Money dollars={cost} />
        </li>
      ))}
    </ol>
  );
}

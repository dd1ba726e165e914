import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import type { Model } from "~/api/catalogue";
import { usableModelsQuery } from "~/api/model-queries";
import { mayCall } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button, buttonClass } from "~/components/Button";
import { Combobox } from "~/components/Combobox";
import { classes } from "~/components/classes";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Page } from "~/components/Page";
import { day, perMillion, quantity, UNKNOWN } from "~/format";
import { useUrlState } from "~/url/state";
import { contextText, shortName } from "../columns";
import { parameterWords } from "../words";
import { Calculator } from "./Calculator";
import { cheapestOf, costOf, MIX } from "./mix";

const MAX = 4;

interface Line {
  label: string;
  of: (model: Model) => string;
}

const list = (values: readonly string[]) => values.join(", ") || UNKNOWN;

const LINES: Line[] = [
  { label: "Input /M", of: ({ pricing }) => perMillion(pricing.prompt) },
  { label: "Output /M", of: ({ pricing }) => perMillion(pricing.completion) },
  { label: "Cached input /M", of: ({ pricing }) => perMillion(pricing.input_cache_read) },
  { label: "Context", of: (model) => contextText(model.context_length) },
  {
    label: "Longest answer",
    of: ({ top_provider: { max_completion_tokens: most } }) =>
      most === null ? UNKNOWN : quantity(most),
  },
  { label: "Takes", of: ({ architecture }) => list(architecture.input_modalities) },
  { label: "Writes", of: ({ architecture }) => list(architecture.output_modalities) },
  { label: "Released", of: ({ created }) => (created > 0 ? day(created, "utc") : UNKNOWN) },
  { label: "Knows until", of: ({ knowledge_cutoff }) => knowledge_cutoff ?? UNKNOWN },
];

export interface CompareProps {
  ids: readonly string[];
  onChange: (ids: string[], push?: boolean) => void;
}

/** Models side by side, and what a mix of tokens costs with each. */
export function Compare({ ids, onChange }: CompareProps) {
  const { data, error, isPending, refetch } = useQuery(usableModelsQuery({ mine: true }));
  const calls = mayCall(useSession());
  const [mix, setMix] = useUrlState("mix", MIX);
  const models = ids.flatMap((id) => data?.find((model) => model.id === id) ?? []);
  const missing = data ? ids.filter((id) => !models.some((model) => model.id === id)) : [];
  const options = (data ?? [])
    .filter(({ id }) => !ids.includes(id))
    .map(({ id, name }) => ({ value: id, label: id, hint: name }));
  const remove = (id: string) => onChange(ids.filter((one) => one !== id));
  return (
    <Page
      title="Compare models"
      scope="list prices of the cheapest provider of each"
      actions={
        <>
          <ApiCall method="GET" path="/models/user" query={{ output_modalities: "all" }} />
          <Link to="/models" className={buttonClass()}>
            All models
          </Link>
          {models.length > 0 && calls && (
            <Link
              to="/chat"
              search={{ models: models.map(({ id }) => id).join(",") }}
              className={buttonClass("primary")}
            >
              Open in Playground
            </Link>
          )}
        </>
      }
      filters={
        ids.length < MAX && (
          <Combobox
            label="Add a model"
            placeholder="Add a model"
            options={options}
            value={null}
            onChange={(id) => id && onChange([...ids, id])}
            className="max-w-96"
          />
        )
      }
    >
      {error && !data && (
        <ErrorPanel what="The models can't be read" error={error} onRetry={refetch} />
      )}
      {isPending && <Loading label="Models" rows={9} />}
      {missing.length > 0 && (
        <p role="status" className="mb-3 text-warn">
          {missing.join(", ")} can't be called here, or is called otherwise.{" "}
          <Button size="sm" onClick={() => onChange(ids.filter((id) => !missing.includes(id)))}>
            Leave out
          </Button>
        </p>
      )}
      {data && models.length === 0 && (
        <EmptyState title="Nothing to compare">Add two models above.</EmptyState>
      )}
      {models.length > 0 && (
        <>
          <Calculator mix={mix} onChange={setMix} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
          <section aria-label="Side by side" tabIndex={0} className="shrink-0 overflow-x-auto">
            <Table models={models} onRemove={remove}>
              <Costs costs={models.map(({ pricing }) => costOf(pricing, mix))} models={models} />
            </Table>
          </section>
        </>
      )}
    </Page>
  );
}

const CELL = "border-b px-3 py-1.5 text-left align-top";

interface TableProps {
  models: readonly Model[];
  onRemove: (id: string) => void;
  children: ReactNode;
}

function Table({ models, onRemove, children }: TableProps) {
  const parameters = [...new Set(models.flatMap((model) => model.supported_parameters))].sort();
  const lines: Line[] = [
    ...LINES,
    ...parameters.map((name) => ({
      label: parameterWords(name),
      of: (model: Model) => (model.supported_parameters.includes(name) ? "yes" : "no"),
    })),
  ];
  return (
    <table className="w-full min-w-140 table-fixed border-collapse">
      <thead>
        <tr>
          <td className="sticky left-0 w-28 border-b bg-bg md:w-36" />
          {models.map((model) => (
            <th key={model.id} scope="col" className={classes(CELL, "font-normal")}>
              <div className="flex items-start gap-1">
                <div className="min-w-0 flex-1">
                  <Link to={`/${model.id}`} className="font-semibold hover:underline">
                    {shortName(model)}
                  </Link>
                  <div className="font-mono text-label break-all text-muted">{model.id}</div>
                </div>
                <Button
                  variant="quiet"
                  size="sm"
                  aria-label={`Leave out ${model.id}`}
                  onClick={() => onRemove(model.id)}
                  icon={<X aria-hidden className="size-3.5" />}
                />
              </div>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {children}
        {lines.map((line) => (
          <Row key={line.label} line={line} models={models} />
        ))}
      </tbody>
    </table>
  );
}

/** Values that differ stand out; those that are alike step back. */
function Row({ line, models }: { line: Line; models: readonly Model[] }) {
  const values = models.map(line.of);
  const alike = models.length > 1 && new Set(values).size === 1;
  return (
    <tr>
      <th scope="row" className={classes(CELL, "sticky left-0 bg-bg pl-0 font-normal text-muted")}>
        {line.label}
      </th>
      {values.map((value, at) => (
        <td
          key={models[at]?.id}
          className={classes(CELL, alike || value === "no" ? "text-muted" : "font-medium")}
        >
          {value}
        </td>
      ))}
    </tr>
  );
}

function Costs({ costs, models }: { costs: (string | null)[]; models: readonly Model[] }) {
  const cheapest = cheapestOf(costs);
  return (
    <tr>
      <th scope="row" className={classes(CELL, "sticky left-0 bg-bg pl-0 font-normal text-muted")}>
        This mix
      </th>
      {costs.map((cost, at) => (
        <td key={models[at]?.id} className={classes(CELL, "text-title font-medium")}>
          {cost === null ? UNKNOWN : <Money dollars={cost} as="total" estimated />}
          {cheapest[at] && <span className="ml-2 text-label text-good">cheapest</span>}
        </td>
      ))}
    </tr>
  );
}

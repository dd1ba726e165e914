import { useMemo } from "react";
import type { Model } from "~/api/catalogue";
import { authorOf } from "~/api/model-names";
import { Button } from "~/components/Button";
import { Select } from "~/components/Select";
import { Switch } from "~/components/Switch";
import { whole } from "~/format";
import {
  type Choice,
  CONTEXTS,
  counted,
  type Facets,
  facetCount,
  NO_FACETS,
  PRICES,
} from "./facets";
import { capital, parameterWords, TELLING } from "./words";

export interface FacetPanelProps {
  /** All that the counts are of. */
  models: readonly Model[];
  providers: readonly { slug: string; name: string }[];
  facets: Facets;
  onChange: (change: Partial<Facets>) => void;
}

const CONTEXT_OPTIONS = CONTEXTS.map((value) => ({
  value,
  label: value === "" ? "Any context" : `${contextWords(value)} tokens at least`,
}));
const PRICE_OPTIONS = PRICES.map((value) => ({
  value,
  label: value === "" ? "Any price" : value === "0" ? "Free" : `$${value} in /M at most`,
}));

function contextWords(tokens: string): string {
  return tokens === "1000000" ? "1 M" : `${tokens.slice(0, -3)} K`;
}

/** What bounds the list, beside it. */
export function FacetPanel({ models, providers, facets, onChange }: FacetPanelProps) {
  const inputs = useMemo(
    () => counted(models, (one) => one.architecture.input_modalities),
    [models],
  );
  const outputs = useMemo(
    () => counted(models, (one) => one.architecture.output_modalities),
    [models],
  );
  const supports = useMemo(
    () =>
      counted(models, (one) => one.supported_parameters.filter((name) => TELLING.includes(name))),
    [models],
  );
  const authors = useMemo(() => counted(models, (one) => [authorOf(one.id)]), [models]);
  const hosts = providers.map(({ slug }) => ({ value: slug, count: null }));
  const nameOf = (slug: string) => providers.find((one) => one.slug === slug)?.name ?? slug;
  const count = facetCount(facets);
  return (
    <div className="flex flex-col gap-5 pb-4">
      <Switch
        label="Usable with my keys"
        hint={
          facets.mine
            ? "Also those that only own keys reach"
            : "What every key of this gateway can call"
        }
        checked={facets.mine}
        onChange={(mine) => onChange({ mine })}
      />
      <div className="flex flex-col gap-2">
        <Select
          label="Context"
          options={CONTEXT_OPTIONS}
          value={facets.context}
          onChange={(context) => onChange({ context })}
        />
        <Select
          label="Price"
          options={PRICE_OPTIONS}
          value={facets.price}
          onChange={(price) => onChange({ price })}
        />
      </div>
      <Group
        title="Takes"
        choices={inputs}
        chosen={facets.input}
        words={capital}
        onChange={(input) => onChange({ input })}
      />
      <Group
        title="Writes"
        choices={outputs}
        chosen={facets.output}
        words={capital}
        onChange={(output) => onChange({ output })}
      />
      <Group
        title="Supports"
        choices={supports}
        chosen={facets.supports}
        words={parameterWords}
        onChange={(chosen) => onChange({ supports: chosen })}
      />
      <Group
        title="Provider"
        choices={hosts}
        chosen={facets.provider}
        words={nameOf}
        onChange={(provider) => onChange({ provider })}
      />
      <Group
        title="Maker"
        choices={authors}
        chosen={facets.author}
        words={(author) => author}
        onChange={(author) => onChange({ author })}
      />
      {count > 0 && (
        <Button className="self-start" onClick={() => onChange({ ...NO_FACETS, q: facets.q })}>
          Clear {whole(count)} filter{count === 1 ? "" : "s"}
        </Button>
      )}
    </div>
  );
}

interface GroupProps {
  title: string;
  choices: readonly (Omit<Choice, "count"> & { count: number | null })[];
  chosen: readonly string[];
  words: (value: string) => string;
  onChange: (chosen: string[]) => void;
}

/** More than so many are folded away. */
const SHOWN = 6;

function Group({ title, choices, chosen, words, onChange }: GroupProps) {
  const known = choices.some(({ value }) => chosen.includes(value));
  const missing = chosen
    .filter((value) => !choices.some((choice) => choice.value === value))
    .map((value) => ({ value, count: null }));
  const all = [...missing, ...choices];
  if (all.length === 0) return null;
  const [first, rest] = [all.slice(0, SHOWN), all.slice(SHOWN)];
  const line = ({ value, count }: GroupProps["choices"][number]) => (
    <label key={value} className="flex min-h-6 items-center gap-2 pointer-coarse:min-h-11">
      <input
        type="checkbox"
        checked={chosen.includes(value)}
        onChange={(event) =>
          onChange(
            event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value),
          )
        }
        className="size-4 accent-accent"
      />
      <span className="min-w-0 flex-1 truncate">{words(value)}</span>
      {count !== null && <span className="text-label text-muted">{whole(count)}</span>}
    </label>
  );
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 text-label text-muted">{title}</legend>
      {first.map(line)}
      {rest.length > 0 && (
        <details open={known && rest.some(({ value }) => chosen.includes(value))}>
          <summary className="min-h-6 cursor-pointer text-muted hover:text-text">
            {whole(rest.length)} more
          </summary>
          {rest.map(line)}
        </details>
      )}
    </fieldset>
  );
}

import type { Model } from "~/api/catalogue";
import { authorOf } from "~/api/model-names";
import type { Sort } from "~/components/columns";
import { compareMagnitude, parseDecimal } from "~/format/decimal";
import { flag, list, oneOf, type Search, type SearchChange, text } from "~/url/state";
import type { ModelUse, ModelUses } from "./use";

/** What bounds the list, as the address has it. */
export interface Facets {
  q: string;
  input: string[];
  output: string[];
  supports: string[];
  author: string[];
  provider: string[];
  /** Tokens at least; empty is any. */
  context: string;
  /** US dollars per million tokens of the prompt at most; empty is any. */
  price: string;
  mine: boolean;
}

export const CONTEXTS = ["", "32000", "128000", "200000", "1000000"] as const;
export const PRICES = ["", "0", "0.5", "1", "3", "10"] as const;

const CODECS = {
  q: text(),
  input: list,
  output: list,
  supports: list,
  author: list,
  provider: list,
  context: oneOf(CONTEXTS, ""),
  price: oneOf(PRICES, ""),
  mine: flag(true),
} as const;

export const NAMES = Object.keys(CODECS) as (keyof Facets)[];

export const NO_FACETS: Facets = facetsOf({});

export function facetsOf(search: Search): Facets {
  const { q, input, output, supports, author, provider, context, price, mine } = CODECS;
  return {
    q: q.read(search.q),
    input: input.read(search.input),
    output: output.read(search.output),
    supports: supports.read(search.supports),
    author: author.read(search.author),
    provider: provider.read(search.provider),
    context: context.read(search.context),
    price: price.read(search.price),
    mine: mine.read(search.mine),
  };
}

/** What the address says for a part of them. */
export function facetSearch(facets: Partial<Facets>): SearchChange {
  const change: SearchChange = {};
  for (const [name, value] of Object.entries(facets)) {
    change[name] = Array.isArray(value)
      ? list.write(value)
      : name === "mine"
        ? flag(true).write(value === true)
        : String(value) || undefined;
  }
  return change;
}

/** How many bound the list, besides what is typed. */
export const facetCount = (facets: Facets) =>
  NAMES.filter((name) => name !== "q" && name !== "mine" && facets[name].length > 0).length +
  (facets.mine ? 0 : 1);

/** The query of the API that answers with the same models. */
export function apiQuery(facets: Facets): Record<string, string> {
  const query: Record<string, string> = {
    output_modalities: facets.output.join(",") || "all",
    input_modalities: facets.input.join(","),
    supported_parameters: facets.supports.join(","),
    model_authors: facets.author.join(","),
    providers: facets.provider.join(","),
    q: facets.q.trim(),
    context: facets.context,
    max_price: facets.price,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));
}

const has = (all: readonly string[], wanted: readonly string[]) =>
  wanted.every((one) => all.includes(one));

const MILLION = 1_000_000n;

/** Whether a price per token is at most so many dollars per million of them. */
export function costsAtMost(price: string | undefined, perMillion: string): boolean {
  const cost = parseDecimal(price ?? "");
  const most = parseDecimal(perMillion);
  if (!cost || !most || cost.negative) return false;
  return compareMagnitude({ ...cost, digits: cost.digits * MILLION }, most) <= 0;
}

/** Text that names a model: every word of it is in its name or id. */
function named(model: Model, wanted: string): boolean {
  const about = `${model.id} ${model.name}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => about.includes(word));
}

/** Whether a model qualifies. Providers are the API's to know: it lists none with a model. */
function qualifies(model: Model, facets: Facets): boolean {
  const { input_modalities, output_modalities } = model.architecture;
  const { output, author } = facets;
  return (
    named(model, facets.q.trim()) &&
    has(input_modalities, facets.input) &&
    (output.length === 0 || output.some((one) => output_modalities.includes(one))) &&
    has(model.supported_parameters, facets.supports) &&
    (author.length === 0 || author.includes(authorOf(model.id))) &&
    (facets.context === "" || (model.context_length ?? 0) >= Number(facets.context)) &&
    (facets.price === "" || costsAtMost(model.pricing.prompt, facets.price))
  );
}

export const qualifying = (models: readonly Model[], facets: Facets) =>
  models.filter((model) => qualifies(model, facets));

export interface Choice {
  value: string;
  count: number;
}

/** How many of the models have each value, the most frequent first. */
export function counted(
  models: readonly Model[],
  valuesOf: (model: Model) => readonly string[],
): Choice[] {
  const counts = new Map<string, number>();
  for (const model of models) {
    for (const value of valuesOf(model)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((one, other) => other.count - one.count || one.value.localeCompare(other.value));
}

/** Unix seconds; null where it is not known, and of what is built in, which is as old as the program. */
export function released(model: Model): number | null {
  return model.created > 0 && authorOf(model.id) !== "tollgate" ? model.created : null;
}

/** Numbers to sort by; null stands last, whichever way round. */
const SORTS: Record<string, (model: Model, use?: ModelUse) => number | string | null> = {
  name: (model) => model.name.toLowerCase(),
  context: (model) => model.context_length,
  prompt: (model) => priceRank(model.pricing.prompt),
  completion: (model) => priceRank(model.pricing.completion),
  cached: (model) => priceRank(model.pricing.input_cache_read),
  created: released,
  latency: (_, use) => use?.latency ?? null,
  speed: (_, use) => use?.throughput ?? null,
  uptime: (_, use) => use?.uptime ?? null,
  spend: (_, use) => (use ? Number(use.spend) : null),
};

/** Only an order comes of it: what is shown is the text itself. */
function priceRank(price: string | undefined): number | null {
  const value = price === undefined ? Number.NaN : Number(price);
  return value >= 0 ? value : null;
}

export function sorted(
  models: readonly Model[],
  { column, descending }: Sort,
  uses?: ModelUses,
): Model[] {
  const rank = SORTS[column];
  if (!rank) return [...models];
  const sign = descending ? -1 : 1;
  return models
    .map((model) => ({ model, at: rank(model, uses?.get(model.id)) }))
    .sort((one, other) => {
      if (one.at === null || other.at === null) {
        return one.at === other.at ? 0 : one.at === null ? 1 : -1;
      }
      return one.at === other.at ? 0 : one.at < other.at ? -sign : sign;
    })
    .map(({ model }) => model);
}

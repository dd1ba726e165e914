/**
 * The one grammar of filters: the same in the address bar, in saved views, and in what the API is
 * asked (`/logs`, its histogram, facets and exports, `/events`).
 *
 * Several values are joined by commas; `!` before a value leaves it out. A backslash before one of
 * these, or before a backslash, makes it a part of the value.
 */

/** `many`: several values, each of which may be left out. `one`: a single value. `switch`: true or false. */
export type FilterKind = "many" | "one" | "switch";

export interface FilterField {
  name: string;
  /** What people read. */
  label: string;
  kind: FilterKind;
  /** What a value looks like, in the field to type it. */
  hint?: string;
}

export const FILTER_FIELDS: readonly FilterField[] = [
  { name: "model", label: "Model", kind: "many", hint: "openai/gpt-4o-mini" },
  { name: "provider", label: "Provider", kind: "many", hint: "openai" },
  { name: "key", label: "Key", kind: "many", hint: "a key's hash" },
  { name: "status", label: "Status", kind: "many", hint: "ok, error, cancelled or 429" },
  { name: "user", label: "User", kind: "many", hint: "the user your app named" },
  { name: "workspace", label: "Workspace", kind: "many", hint: "a workspace's id or slug" },
  { name: "app", label: "App", kind: "many", hint: "a title or referer" },
  { name: "preset", label: "Preset", kind: "many", hint: "a preset's id" },
  { name: "session", label: "Session", kind: "many", hint: "a session id" },
  { name: "api", label: "API", kind: "many", hint: "completions, embeddings, image" },
  { name: "streamed", label: "Streamed", kind: "switch" },
  { name: "fallback", label: "Fell back", kind: "switch" },
  { name: "byok", label: "Own key", kind: "switch" },
  { name: "min_cost", label: "Cost at least", kind: "one", hint: "dollars: 0.01" },
  { name: "min_ms", label: "Took at least", kind: "one", hint: "milliseconds: 2000" },
  { name: "q", label: "Search", kind: "one", hint: "a generation id, or part of a name" },
];

/** A filter by a tag is named `tag.` and the tag. */
const TAG = /^tag\.[\w.-]+$/;

export function filterField(name: string): FilterField | null {
  const known = FILTER_FIELDS.find((field) => field.name === name);
  if (known) return known;
  return TAG.test(name) ? { name, label: name.slice("tag.".length), kind: "many" } : null;
}

export interface Term {
  value: string;
  excluded: boolean;
}

/** The terms of each field, in the order in which they were set. */
export type Filters = Readonly<Record<string, readonly Term[]>>;

/** The filters in a query. Other members, and values without meaning, are passed over. */
export function parseFilters(search: Readonly<Record<string, string>>): Filters {
  const filters: Record<string, Term[]> = {};
  for (const [name, text] of Object.entries(search)) {
    const field = filterField(name);
    const terms = field ? parseTerms(field, text) : [];
    if (terms.length > 0) filters[name] = terms;
  }
  return filters;
}

function parseTerms(field: FilterField, text: string): Term[] {
  if (field.kind === "one") return text === "" ? [] : [{ value: text, excluded: false }];
  if (field.kind === "switch") {
    return text === "true" || text === "false" ? [{ value: text, excluded: false }] : [];
  }
  const terms: Term[] = [];
  for (const [, mark, written] of text.matchAll(PART)) {
    const value = (written ?? "").replace(ESCAPED, "$1");
    if (value !== "" && !terms.some((term) => term.value === value))
      terms.push({ value, excluded: mark === "!" });
  }
  return terms;
}

/** A value of a list, up to a comma that no backslash stands before. */
const PART = /(?:^|,)(!?)((?:\\.|[^,\\]|\\$)*)/gs;
const ESCAPED = /\\([,!\\])/g;

function escaped(value: string): string {
  return value.replace(/[\\,]/g, "\\$&").replace(/^!/, "\\!");
}

/** The filters as the members of a query. */
export function filterQuery(filters: Filters): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, terms] of Object.entries(filters)) {
    const write = filterField(name)?.kind === "many" ? escaped : (value: string) => value;
    const text = terms.map(({ value, excluded }) => `${excluded ? "!" : ""}${write(value)}`);
    if (text.length > 0) query[name] = text.join(",");
  }
  return query;
}

/** With one more term. The same value again only changes whether it is left out. */
export function withTerm(filters: Filters, name: string, value: string, excluded = false): Filters {
  const field = filterField(name);
  const text = value.trim().replace(/^!+/, "");
  if (!field || text === "") return filters;
  const term = { value: text, excluded };
  if (field.kind !== "many") return { ...filters, [name]: [{ ...term, excluded: false }] };
  const others = (filters[name] ?? []).filter((other) => other.value !== term.value);
  return { ...filters, [name]: [...others, term] };
}

/** Without one term, or without a whole field. */
export function withoutTerm(filters: Filters, name: string, value?: string): Filters {
  const { [name]: terms = [], ...others } = filters;
  const left = value === undefined ? [] : terms.filter((term) => term.value !== value);
  return left.length > 0 ? { ...filters, [name]: left } : others;
}

/** How many terms there are. */
export function countTerms(filters: Filters): number {
  return Object.values(filters).reduce((sum, terms) => sum + terms.length, 0);
}

/** What the filters say, in words: `model gpt-4o, not provider azure`. */
export function filterWords(filters: Filters): string {
  const words = Object.entries(filters).flatMap(([name, terms]) => {
    const label = (filterField(name)?.label ?? name).toLowerCase();
    return terms.map((term) => `${term.excluded ? "not " : ""}${label} ${term.value}`);
  });
  return words.join(", ");
}

import { useQuery } from "@tanstack/react-query";
import { quantity } from "~/format";
import { filterField } from "~/url/filters";
import { typedTerm } from "~/url/typed-term";

export interface Suggestion {
  field: string;
  /** Null suggests the field itself. */
  value: string | null;
  excluded: boolean;
  label: string;
  hint: string;
}

export type Suggest = (
  field: string,
  text: string,
) => Promise<{ value: string; label: string; count: number }[]>;

const FIXED: Record<string, readonly string[]> = {
  status: ["ok", "error", "cancelled"],
  streamed: ["true", "false"],
  fallback: ["true", "false"],
  byok: ["true", "false"],
};

const VALUES_MAX = 20;

/**
 * What a text in the filter field may mean: values of its field, or fields that are called so.
 * `scope` is what the counts of `suggest` depend on.
 */
export function useSuggestions(
  text: string,
  fields: readonly string[],
  suggest: Suggest | undefined,
  scope: unknown,
): Suggestion[] {
  const term = typedTerm(text, fields);
  const inField = term.field !== "q";
  const { data = [] } = useQuery({
    queryKey: ["suggestions", scope, term.field, term.value],
    queryFn: () => suggest?.(term.field, term.value) ?? [],
    enabled: inField && suggest !== undefined,
    staleTime: 30_000,
  });
  if (!inField) return fieldSuggestions(text, fields);
  const fixed = (FIXED[term.field] ?? [])
    .filter((value) => !data.some((known) => known.value === value))
    .map((value) => ({ value, label: value, count: null }));
  return [...data, ...fixed]
    .filter(({ value, label }) => holds(value, term.value) || holds(label, term.value))
    .slice(0, VALUES_MAX)
    .map(({ value, label, count }) => ({
      field: term.field,
      value,
      excluded: term.excluded,
      label: `${term.excluded ? "not " : ""}${label}`,
      hint: count === null ? "" : quantity(count),
    }));
}

const holds = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

function fieldSuggestions(text: string, fields: readonly string[]): Suggestion[] {
  const typed = text.trim().replace(/^!/, "");
  return fields.flatMap((name) => {
    const field = filterField(name);
    if (!field || name === "q" || !(holds(name, typed) || holds(field.label, typed))) return [];
    return [
      {
        field: name,
        value: null,
        excluded: false,
        label: `${name}:`,
        hint: field.hint ?? field.label,
      },
    ];
  });
}

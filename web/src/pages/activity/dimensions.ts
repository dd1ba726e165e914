import type { UsageFilter } from "~/api/analytics";
import type { Filters } from "~/url/filters";

/** The fields of the one grammar of filters that sums are kept by. Tags are fields, too. */
const DIMENSIONS: Readonly<Record<string, string>> = {
  model: "model",
  provider: "provider",
  key: "api_key",
  workspace: "workspace",
};

export const USAGE_FIELDS: readonly string[] = Object.keys(DIMENSIONS);

const TAG = "tag.";

/** What a filter's field is called among dimensions; null where sums are not kept by it. */
export function dimensionOf(field: string): string | null {
  if (field.startsWith(TAG)) return field.slice(TAG.length);
  return DIMENSIONS[field] ?? null;
}

/** The field by which a group of a dimension is filtered; null where the log has none. */
export function fieldOf(dimension: string): string | null {
  if (dimension === "endpoint" || dimension === "creator") return null;
  const known = Object.entries(DIMENSIONS).find(([, name]) => name === dimension);
  return known ? known[0] : `${TAG}${dimension}`;
}

/** What the address says, and what sums are kept under, of a workspace or a provider. */
export interface Names {
  /** A filter's value as the sums have it: a workspace's id, a provider's name. */
  summed: (field: string, value: string) => string;
  /** A group of a dimension as the address has it: a workspace's slug, a provider's slug. */
  addressed: (dimension: string, group: string) => string;
  /** A group of a dimension as people read it. */
  shown: (dimension: string, group: string) => string;
}

/** The filters as a question has them. Those that sums are not kept by are left out. */
export function usageFilters(filters: Filters, names: Names): UsageFilter[] {
  return Object.entries(filters).flatMap(([field, terms]) => {
    const dimension = dimensionOf(field);
    if (!dimension) return [];
    const values = (excluded: boolean) =>
      terms.filter((term) => term.excluded === excluded).map((term) => term.value);
    const filter = (operator: "in" | "not_in", wanted: string[]): UsageFilter[] =>
      wanted.length === 0
        ? []
        : [
            {
              field: dimension,
              operator,
              value: wanted.map((value) => names.summed(field, value)),
              // A call that nobody answered is not one of the provider that is left out.
              include_unset: operator === "not_in",
            },
          ];
    return [...filter("in", values(false)), ...filter("not_in", values(true))];
  });
}

/** The fields of filters that the log knows and sums don't. */
export const unsummed = (filters: Filters): string[] =>
  Object.keys(filters).filter((field) => dimensionOf(field) === null);

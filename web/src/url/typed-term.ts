import { filterField } from "./filters";

/** Splits `model:gpt` and `!model:gpt`; text without a known field is searched for. */
export function typedTerm(
  text: string,
  fields: readonly string[],
): { field: string; value: string; excluded: boolean } {
  const trimmed = text.trim();
  const excluded = trimmed.startsWith("!");
  const rest = excluded ? trimmed.slice(1) : trimmed;
  const colon = rest.indexOf(":");
  const name = colon < 0 ? "" : rest.slice(0, colon);
  const known = fields.includes(name) || (name.startsWith("tag.") && filterField(name) !== null);
  if (!known) return { field: "q", value: trimmed, excluded: false };
  const value = rest.slice(colon + 1);
  return value.startsWith("!")
    ? { field: name, value: value.slice(1), excluded: true }
    : { field: name, value, excluded };
}

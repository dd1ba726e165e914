import type { Search } from "./state";

/** Reads a query as plain text, never as JSON: `?q=123` is the text `123`. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Writes a query so that it can be read: commas, colons and slashes stay what they are. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  }
  const text = params
    .toString()
    .replaceAll("%2C", ",")
    .replaceAll("%3A", ":")
    .replaceAll("%2F", "/")
    .replaceAll("%21", "!")
    .replaceAll("%40", "@");
  return text === "" ? "" : `?${text}`;
}

import type { LogRow } from "~/api/logs";

/** What a key is known by: its name, else how it begins. */
export const keyWords = (row: Pick<LogRow, "key_name" | "key_label" | "key_hash">): string =>
  row.key_name ?? row.key_label ?? row.key_hash.slice(0, 8);

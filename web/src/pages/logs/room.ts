import type { LogRow } from "~/api/logs";
import { keyWords } from "./words";

/** How wide columns are at least whose texts may be short or long, in pixels. */
export interface Room {
  model: number;
  provider: number;
  key: number;
}

/** Of a letter of the table's text, on the average; texts are mostly lower case. */
const LETTER = 7;
/** Widths go up by so much, so that a further letter moves no column. */
const STEP = 16;
const MOST: Room = { model: 120, provider: 88, key: 168 };
const LEAST = 56;

/**
 * What the texts of rows need: where models have short names their keys have the room, and are not
 * cut because times have become longer.
 */
export function roomOf(rows: readonly LogRow[]): Room {
  const longest = { model: 0, provider: 0, key: 0 };
  for (const row of rows) {
    const other = row.requested_model === row.model ? 0 : row.requested_model.length + 3;
    const model = row.model.length + other + (row.error ? 5 : 0);
    longest.model = Math.max(longest.model, model);
    longest.provider = Math.max(longest.provider, row.provider?.length ?? 0);
    longest.key = Math.max(longest.key, keyWords(row).length);
  }
  const width = (column: keyof Room) => {
    const needed = Math.ceil((longest[column] * LETTER) / STEP) * STEP;
    return Math.min(Math.max(needed, LEAST), MOST[column]);
  };
  return { model: width("model"), provider: width("provider"), key: width("key") };
}

import type { ReactNode } from "react";

export interface Column<Row> {
  id: string;
  header: string;
  /** Its header is told to those who listen, and not shown. */
  silent?: boolean;
  cell: (row: Row) => ReactNode;
  /** Pixels it needs at least. */
  width: number;
  /** Its share of the room that is left; 0 keeps the width. */
  grow?: number;
  align?: "left" | "right";
  /** Those with the highest rank go first where there is no room. 0 never goes. */
  rank?: number;
  sortable?: boolean;
}

const GAP = 16;

/** The columns that fit into so many pixels: a table never scrolls sideways. */
export function fitting<Row>(columns: readonly Column<Row>[], room: number): Column<Row>[] {
  const left = [...columns];
  const needed = () => left.reduce((sum, column) => sum + column.width + GAP, 0);
  while (needed() > room) {
    const worst = left.reduce<Column<Row> | null>(
      (found, column) => ((column.rank ?? 1) > (found?.rank ?? 0) ? column : found),
      null,
    );
    if (!worst) return left;
    left.splice(left.indexOf(worst), 1);
  }
  return left;
}

/** The columns as `grid-template-columns`. */
export function tracks<Row>(columns: readonly Column<Row>[]): string {
  return columns
    .map(({ width, grow = 0 }) => (grow > 0 ? `minmax(${width}px, ${grow}fr)` : `${width}px`))
    .join(" ");
}

export interface Sort {
  column: string;
  descending: boolean;
}

/** `-cost` is by cost, largest first: the way `?sort=` has it. */
export function parseSort(text: string): Sort | null {
  if (text === "") return null;
  return text.startsWith("-")
    ? { column: text.slice(1), descending: true }
    : { column: text, descending: false };
}

export function sortText(sort: Sort | null): string {
  return sort ? `${sort.descending ? "-" : ""}${sort.column}` : "";
}

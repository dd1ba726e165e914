/**
 * A table of any length: 10,000 rows are some 40 elements. It never scrolls sideways; columns go by
 * rank instead, and the sheet has what they said.
 *
 *     const [open, setOpen] = useOpen();
 *     <DataTable label="Keys" rows={keys} columns={COLUMNS} rowKey={(key) => key.hash}
 *       openKey={open} onOpen={setOpen} sort={sort} onSort={setSort} empty={<EmptyState … />} />
 *
 * Keys: `j`/`k` or arrows walk exactly the order shown, Enter opens, Escape closes. While something
 * is open, walking opens the next. `onEnd` is called when the last rows come into view, `onTop` when
 * the first one does or no longer does. Keep COLUMNS
 * outside the component. With `chosen` each row has a box before it (`x` is the key, Shift takes all
 * between two) for what is done to several. `height` is "page" (fills what is left) or "content" (as long as its rows).
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { classes } from "./classes";
import { type Column, fitting, type Sort, tracks } from "./columns";
import { Loading, Progress } from "./Loading";
import { useRowHeight } from "./row-height";
import { useTableKeys } from "./table-keys";
import { useChoosing } from "./use-choosing";
import { useWidth } from "./use-width";

export interface DataTableProps<Row> {
  /** What the rows are. */
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  openKey?: string | null;
  onOpen?: (key: string | null) => void;
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
  /** First data is on its way. */
  loading?: boolean;
  /** Data is being asked for again, or more of it. */
  refreshing?: boolean;
  /** Stands in place of rows when there are none. */
  empty?: ReactNode;
  onEnd?: () => void;
  /** Whether the first row is in view, when that changes. */
  onTop?: (top: boolean) => void;
  /** How many rows there are in all, where more can come. */
  total?: number;
  height?: "page" | "content";
  /** The keys of rows that are chosen, in the order in which they were. */
  chosen?: readonly string[];
  onChoose?: (keys: readonly string[]) => void;
  /** What the box before a row is called. */
  choice?: (row: Row) => string;
}

const HEAD_HEIGHT = 32;
const OVERSCAN = 8;
/** So many rows before the end more are asked for. */
const AHEAD = 20;

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, rowKey, openKey = null, onOpen, onEnd, height = "page" } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const choosing = useChoosing(props);
  const columns = useMemo(
    () => fitting(choosing.column ? [choosing.column, ...props.columns] : props.columns, width),
    [choosing.column, props.columns, width],
  );
  const rowHeight = useRowHeight();
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const current = openKey ?? activeKey;
  const keys = useMemo(() => rows.map(rowKey), [rows, rowKey]);

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollPaddingStart: HEAD_HEIGHT,
    getItemKey: (index) => keys[index] ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when rows change their height
  useEffect(() => virtualizer.measure(), [rowHeight]);

  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - AHEAD) onEnd?.();
  }, [last, rows.length, onEnd]);

  const offset = virtualizer.scrollOffset ?? 0;
  const { onTop } = props;
  const top = offset < rowHeight;
  useEffect(() => onTop?.(top), [top, onTop]);

  useTableKeys({
    keys,
    current,
    opened: openKey !== null,
    onOpen,
    onMove: (key, index) => {
      setActiveKey(key);
      virtualizer.scrollToIndex(index);
    },
    onChoose: choosing.toggle,
  });

  if (props.loading) return <Loading label={label} rows={10} rowHeight={rowHeight} />;
  if (rows.length === 0) return props.empty ?? null;
  return (
    <div className={classes("flex flex-col", height === "page" && "min-h-80 flex-1")}>
      <Progress active={props.refreshing ?? false} />
      <div
        ref={scroller}
        role="table"
        aria-label={label}
        aria-rowcount={(props.total ?? rows.length) + 1}
        aria-colcount={columns.length}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        className={classes(
          "relative overflow-x-hidden overflow-y-auto overscroll-contain",
          height === "page" ? "min-h-0 flex-1" : "max-h-[70dvh]",
        )}
      >
        <Head {...props} columns={columns} />
        <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, start, key }) => {
            const row = rows[index];
            const id = keys[index];
            if (row === undefined || id === undefined) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: Enter opens the row by the keys of the table
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                aria-current={id === current || undefined}
                tabIndex={-1}
                onClick={(event) => opensRow(event) && onOpen?.(id === openKey ? null : id)}
                className={classes(
                  "absolute inset-x-0 top-0 grid items-center gap-4 border-b px-2",
                  onOpen && "cursor-pointer hover:bg-hover",
                  "aria-[current=true]:bg-accent-soft",
                )}
                style={{
                  height: rowHeight,
                  transform: `translateY(${start}px)`,
                  gridTemplateColumns: tracks(columns),
                }}
              >
                {columns.map((column) => (
                  <div
                    key={column.id}
                    role="cell"
                    className={classes(
                      "min-w-0 truncate",
                      column.align === "right" && "text-right",
                    )}
                  >
                    {column.cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/**
 * A click on something of its own in a row is not one on the row; nor is one in a menu that floats
 * over it, or a selection of text.
 */
function opensRow({ target, currentTarget }: MouseEvent): boolean {
  if (!(target instanceof Element) || !currentTarget.contains(target)) return false;
  const own = target.closest("a, button, input, label, [role=switch]");
  return !own && getSelection()?.isCollapsed !== false;
}

function Head<Row>({ columns, sort, onSort }: DataTableProps<Row>) {
  return (
    <div role="rowgroup" className="sticky top-0 z-10 bg-bg">
      <div
        role="row"
        aria-rowindex={1}
        className="grid items-center gap-4 border-b px-2 text-label text-muted"
        style={{ height: HEAD_HEIGHT, gridTemplateColumns: tracks(columns) }}
      >
        {columns.map((column) => {
          const sorted = sort?.column === column.id ? sort : null;
          const Arrow = sorted?.descending ? ArrowDown : ArrowUp;
          return (
            <div
              key={column.id}
              role="columnheader"
              aria-sort={sorted ? (sorted.descending ? "descending" : "ascending") : undefined}
              className={classes("min-w-0 truncate", column.align === "right" && "text-right")}
            >
              {column.sortable && onSort ? (
                <button
                  type="button"
                  onClick={() =>
                    onSort({ column: column.id, descending: !(sorted?.descending ?? false) })
                  }
                  className="inline-flex h-6 max-w-full items-center gap-1 hover:text-text"
                >
                  <span className="truncate">{column.header}</span>
                  {sorted && <Arrow aria-hidden className="size-3 shrink-0" />}
                </button>
              ) : (
                <span className={column.silent ? "sr-only" : undefined}>{column.header}</span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

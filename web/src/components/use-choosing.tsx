import { type MouseEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { chosenBetween, toggled } from "./chosen";
import type { Column } from "./columns";

interface Choosing<Row> {
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  chosen?: readonly string[];
  onChoose?: (keys: readonly string[]) => void;
  choice?: (row: Row) => string;
}

/** A box before each row, and what `x` does; nothing of it where rows can't be chosen. */
export function useChoosing<Row>(props: Choosing<Row>) {
  const { chosen, onChoose, rowKey, choice } = props;
  const latest = useRef({ props, last: null as string | null });
  useEffect(() => {
    latest.current.props = props;
  });
  const toggle = useCallback((key: string, through = false) => {
    const { props: now, last } = latest.current;
    const before = now.chosen ?? [];
    const next =
      through && last !== null
        ? chosenBetween(before, now.rows.map(now.rowKey), last, key)
        : toggled(before, key);
    latest.current.last = key;
    now.onChoose?.(next);
  }, []);
  const column = useMemo((): Column<Row> | null => {
    if (!onChoose) return null;
    const set = new Set(chosen);
    return {
      id: "chosen",
      header: "Chosen",
      silent: true,
      width: 24,
      rank: 0,
      cell: (row) => {
        const key = rowKey(row);
        return (
          <label className="grid min-h-6 place-items-center pointer-coarse:min-h-11">
            <input
              type="checkbox"
              checked={set.has(key)}
              aria-label={choice?.(row) ?? `Choose ${key}`}
              // A change event does not tell of Shift.
              onChange={() => undefined}
              onClick={(event: MouseEvent) => toggle(key, event.shiftKey)}
              className="size-4"
            />
          </label>
        );
      },
    };
  }, [chosen, onChoose, rowKey, choice, toggle]);
  return { column, toggle: onChoose ? (key: string) => toggle(key) : undefined };
}

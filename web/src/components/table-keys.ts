import { useShortcuts } from "~/keyboard/shortcuts";

export interface TableKeys {
  keys: readonly string[];
  /** The row that is open, or was walked to. */
  current: string | null;
  opened: boolean;
  onOpen: ((key: string | null) => void) | undefined;
  onMove: (key: string, index: number) => void;
  /** Chooses a row, or no longer does. */
  onChoose: ((key: string) => void) | undefined;
}

/** Walking a table by keys, in exactly the order in which it is shown. */
export function useTableKeys({ keys, current, opened, onOpen, onMove, onChoose }: TableKeys): void {
  const move = (step: 1 | -1) => {
    const at = current === null ? -1 : keys.indexOf(current);
    const index = at < 0 ? 0 : Math.min(keys.length - 1, Math.max(0, at + step));
    const key = keys[index];
    if (key === undefined) return;
    onMove(key, index);
    if (opened) onOpen?.(key);
  };
  const group = "Table";
  useShortcuts([
    { keys: "j", label: "Next row", group, run: () => move(1) },
    { keys: "k", label: "Row before", group, run: () => move(-1) },
    { keys: "ArrowDown", label: "Next row", group, run: () => move(1) },
    { keys: "ArrowUp", label: "Row before", group, run: () => move(-1) },
    {
      keys: "Enter",
      label: "Open the row",
      group,
      run: () => current !== null && onOpen?.(current),
    },
    ...(onChoose
      ? [
          {
            keys: "x",
            label: "Choose the row",
            group,
            run: () => current !== null && onChoose(current),
          },
        ]
      : []),
    { keys: "Escape", label: "Close", group, run: () => opened && onOpen?.(null) },
  ]);
}

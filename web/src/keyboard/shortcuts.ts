import { useEffect, useRef, useSyncExternalStore } from "react";
import { match, pressText, SEQUENCE_MS } from "./sequence";

/** A key, or two after one another, and what it does. The sheet of keys (`?`) lists all there are. */
export interface Shortcut {
  /** `j`, `Enter`, `g l`, `mod+k`. */
  keys: string;
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
  /** Whether it works while something is typed, too: only for those with `mod`, and `Escape`. */
  whileTyping?: boolean;
}

let shortcuts: readonly Shortcut[] = [];
const listeners = new Set<() => void>();
let first: string | null = null;
let firstAt = 0;

function change(next: readonly Shortcut[]): void {
  shortcuts = next;
  for (const listener of listeners) listener();
}

const TYPING = "input, textarea, select, [contenteditable=true], [role=textbox], [role=combobox]";
/** Layers that have keys of their own. A sheet beside a list is none: its list is still walked. */
const OVER = "[role=dialog][data-modal], [role=menu], [role=listbox], [role=alertdialog]";

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const pressed = pressText(event);
  if (pressed === null) return;
  const target = event.target instanceof Element ? event.target : null;
  const occupied = target?.closest(`${TYPING}, ${OVER}`) != null || modalOpen();
  if (occupied) {
    run(
      event,
      match(
        keysOf((shortcut) => shortcut.whileTyping === true),
        null,
        pressed,
      ).complete,
    );
    return;
  }
  // Enter and space press the button or follow the link that has the focus.
  if ((pressed === "Enter" || pressed === " ") && target?.closest("a, button, summary")) return;
  const before = performance.now() - firstAt < SEQUENCE_MS ? first : null;
  const { complete, waiting } = match(
    keysOf(() => true),
    before,
    pressed,
  );
  first = waiting ? pressed : null;
  firstAt = performance.now();
  run(event, complete);
}

const modalOpen = () => document.querySelector("[role=dialog][data-modal]") !== null;

const keysOf = (wanted: (shortcut: Shortcut) => boolean) =>
  shortcuts.filter(wanted).map((shortcut) => shortcut.keys);

/** The youngest one counts: a page's own before those of the shell. */
function run(event: KeyboardEvent, keys: string | null): void {
  const shortcut = keys === null ? undefined : shortcuts.findLast((one) => one.keys === keys);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run(event);
}

/** Registers shortcuts for as long as the component is mounted. */
export function useShortcuts(wanted: readonly Shortcut[]): void {
  const latest = useRef(wanted);
  useEffect(() => {
    latest.current = wanted;
  });
  const signature = wanted.map((shortcut) => `${shortcut.keys}:${shortcut.label}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: registered anew when keys or labels change
  useEffect(() => {
    const mine = latest.current.map((shortcut, index) => ({
      ...shortcut,
      run: (event: KeyboardEvent) => latest.current[index]?.run(event),
    }));
    // The same listener twice is once.
    document.addEventListener("keydown", onKeyDown);
    change([...shortcuts, ...mine]);
    return () => change(shortcuts.filter((shortcut) => !mine.includes(shortcut)));
  }, [signature]);
}

/** Every shortcut there is now. */
export function useAllShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shortcuts,
  );
}

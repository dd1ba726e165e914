/** What of a key press counts for shortcuts. */
export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** A second key may follow this long after the first. */
export const SEQUENCE_MS = 1_000;

/**
 * The keys of a press as shortcuts write them: `j`, `Escape`, `?`, `mod+k`. `mod` is ⌘ or Ctrl. Null
 * where the press belongs to somebody else: with Alt, or of a modifier alone.
 */
export function pressText(press: Press): string | null {
  if (press.altKey || ["Shift", "Control", "Meta", "Alt"].includes(press.key)) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  return press.ctrlKey || press.metaKey ? `mod+${key}` : key;
}

/** Which of the shortcuts a press completes, after a first key or without one. */
export function match(
  shortcuts: readonly string[],
  first: string | null,
  pressed: string,
): { complete: string | null; waiting: boolean } {
  const whole = first === null ? pressed : `${first} ${pressed}`;
  if (shortcuts.includes(whole)) return { complete: whole, waiting: false };
  if (first !== null) return match(shortcuts, null, pressed);
  return { complete: null, waiting: shortcuts.some((keys) => keys.startsWith(`${pressed} `)) };
}

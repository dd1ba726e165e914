import { useCallback, useEffect, useState } from "react";

/** Copies text. Where the clipboard is closed to us, as without TLS, the old way is used. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "fixed top-0 opacity-0";
  const focused = document.activeElement;
  const parent = focused?.closest("[role=dialog]") ?? document.body;
  parent.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}

/** How to copy, and how the last copying went; that is forgotten after two seconds. */
export function useCopy(): ["copied" | "failed" | null, (text: string) => void] {
  const [state, setState] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (state === null) return;
    const timer = setTimeout(() => setState(null), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const run = useCallback((text: string) => {
    void copy(text).then((copied) => setState(copied ? "copied" : "failed"));
  }, []);
  return [state, run];
}

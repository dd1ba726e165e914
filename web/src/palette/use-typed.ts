import { useEffect } from "react";

/**
 * Gives what is typed outside of any field to whoever asks: the palette takes letters from the moment
 * it is asked for, before its field is there.
 */
export function useTyped(take: (change: (before: string) => string) => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target instanceof Element && event.target.closest("[data-palette]")) return;
      const { key } = event;
      if (key === "Backspace") take((before) => before.slice(0, -1));
      else if (key.length === 1) take((before) => before + key);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("keydown", onKeyDown, true);
    return () => document.removeEventListener("keydown", onKeyDown, true);
  }, [take]);
}

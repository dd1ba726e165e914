import { useSyncExternalStore } from "react";

/** Whether a media query holds, such as `(max-width: 767px)`. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = window.matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => window.matchMedia(query).matches,
  );
}

/** Narrower than a tablet: one column, a bar on top. */
export const useNarrow = () => useMedia("(max-width: 767px)");

/** Whether dark colours are in force, by choice or by the system. */
export function useDark(theme: "system" | "light" | "dark"): boolean {
  const system = useMedia("(prefers-color-scheme: dark)");
  return theme === "system" ? system : theme === "dark";
}

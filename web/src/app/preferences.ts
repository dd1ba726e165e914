import { useSyncExternalStore } from "react";
import type { Zone } from "~/format";

/** What a person chose for this browser. Nothing secret is ever kept here. */
interface Preference<T extends string> {
  key: string;
  values: readonly T[];
  fallback: T;
}

export type Theme = "system" | "light" | "dark";
export type Density = "compact" | "comfortable";

const THEME: Preference<Theme> = {
  key: "tollgate.theme",
  values: ["system", "light", "dark"],
  fallback: "system",
};
const DENSITY: Preference<Density> = {
  key: "tollgate.density",
  values: ["compact", "comfortable"],
  fallback: "compact",
};
const ZONE: Preference<Zone> = {
  key: "tollgate.zone",
  values: ["local", "utc"],
  fallback: "local",
};

const listeners = new Set<() => void>();

/** Without storage, as in some private windows, a choice holds until the page is left. */
const unstored = new Map<string, string>();

function read<T extends string>(preference: Preference<T>): T {
  let text: string | null | undefined = unstored.get(preference.key);
  try {
    text ??= localStorage.getItem(preference.key);
  } catch {
    // Storage is switched off.
  }
  return preference.values.find((value) => value === text) ?? preference.fallback;
}

function write<T extends string>(preference: Preference<T>, value: T): void {
  try {
    localStorage.setItem(preference.key, value);
  } catch {
    unstored.set(preference.key, value);
  }
  for (const listener of listeners) listener();
}

/** Other tabs change preferences, too. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

function usePreference<T extends string>(preference: Preference<T>): [T, (value: T) => void] {
  const value = useSyncExternalStore(subscribe, () => read(preference));
  return [value, (next) => write(preference, next)];
}

export const useTheme = () => usePreference(THEME);
export const useDensity = () => usePreference(DENSITY);
/** The zone in which times are shown, unless the address says `tz=`. */
export const useZone = () => usePreference(ZONE);

/** Has the document wear the chosen theme, now and after every change. */
export function applyTheme(): void {
  const apply = () => {
    const theme = read(THEME);
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  apply();
  subscribe(apply);
}

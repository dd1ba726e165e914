import type { SettingsSection } from "./section";

const modules = import.meta.glob<{ default: SettingsSection }>("./sections/*/section.ts", {
  eager: true,
});

export const SECTIONS: readonly SettingsSection[] = Object.values(modules)
  .map((module) => module.default)
  .sort((a, b) => a.order - b.order);

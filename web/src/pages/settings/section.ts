import type { ComponentType } from "react";
import type { SignedIn } from "~/api/session";

/** A section of the settings. `sections/NAME/section.ts` exports one as default. */
export interface SettingsSection {
  name: string;
  title: string;
  order: number;
  load: () => Promise<{ default: ComponentType }>;
  allowed?: (session: SignedIn) => boolean;
}

export const defineSection = (section: SettingsSection): SettingsSection => section;

const modules = import.meta.glob<{ default: SettingsSection }>("./sections/*/section.ts", {
  eager: true,
});

export const SECTIONS: readonly SettingsSection[] = Object.values(modules)
  .map((module) => module.default)
  .sort((a, b) => a.order - b.order);

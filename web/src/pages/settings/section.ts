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

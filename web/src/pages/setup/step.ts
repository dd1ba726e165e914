import type { ComponentType } from "react";
import type { Session } from "~/api/session";

export interface StepProps {
  session: Session;
  /** Goes on to the next step, or to the dashboard after the last. */
  onNext: () => void;
}

/**
 * A step of the set-up. `steps/NAME/step.ts` exports one as default; nothing else names it. All but
 * the first can be skipped.
 */
export interface SetupStep {
  name: string;
  title: string;
  order: number;
  load: () => Promise<{ default: ComponentType<StepProps> }>;
}

export const defineStep = (step: SetupStep): SetupStep => step;

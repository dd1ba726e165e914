import type { SetupStep } from "./step";

const modules = import.meta.glob<{ default: SetupStep }>("./steps/*/step.ts", { eager: true });

export const STEPS: readonly SetupStep[] = Object.values(modules)
  .map((module) => module.default)
  .sort((a, b) => a.order - b.order);

import { Check } from "lucide-react";
import { classes } from "~/components/classes";
import type { SetupStep } from "./step";

export interface StepListProps {
  steps: readonly SetupStep[];
  at: number;
  /** Null while no step can be chosen. */
  onChoose: ((name: string) => void) | null;
}

/** What is done, what is being done and what is left. */
export function StepList({ steps, at, onChoose }: StepListProps) {
  return (
    <ol className="flex flex-row flex-wrap gap-x-4 gap-y-1 md:flex-col">
      {steps.map((step, index) => {
        const look = classes(
          "flex min-h-7 items-center gap-2.5 text-left",
          index === at ? "font-medium text-text" : "text-muted",
        );
        const face = (
          <>
            <span className="grid size-5 shrink-0 place-items-center rounded-full border border-line-strong text-axis">
              {index < at ? <Check aria-label="Done" className="size-3" /> : index + 1}
            </span>
            {step.title}
          </>
        );
        return (
          <li key={step.name} aria-current={index === at ? "step" : undefined}>
            {onChoose && index > 0 && index !== at ? (
              <button
                type="button"
                className={classes(look, "hover:text-text")}
                onClick={() => onChoose(step.name)}
              >
                {face}
              </button>
            ) : (
              <span className={look}>{face}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

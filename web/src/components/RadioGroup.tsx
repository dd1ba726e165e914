/**
 * One of a few values, all in sight:
 *
 *     <RadioGroup label="Colours" options={options} value={theme} onChange={setTheme} />
 */
import { Radio } from "@base-ui/react/radio";
import { RadioGroup as Base } from "@base-ui/react/radio-group";
import { useId } from "react";
import type { Option } from "./Select";

export interface RadioGroupProps<T extends string> {
  label: string;
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
}

export function RadioGroup<T extends string>({
  label,
  options,
  value,
  onChange,
}: RadioGroupProps<T>) {
  const id = useId();
  return (
    <Base
      value={value}
      onValueChange={(next) => onChange(next as T)}
      aria-labelledby={id}
      className="flex flex-col gap-1"
    >
      <span id={id} className="mb-1 font-medium">
        {label}
      </span>
      {options.map((option) => (
        // biome-ignore lint/a11y/noLabelWithoutControl: the radio inside is the control
        <label
          key={option.value}
          className="flex min-h-7 items-center gap-2.5 pointer-coarse:min-h-11"
        >
          <Radio.Root
            value={option.value}
            className="grid size-4 shrink-0 place-items-center rounded-full border border-line-strong bg-surface data-[checked]:border-accent"
          >
            <Radio.Indicator className="size-2 rounded-full bg-accent" />
          </Radio.Root>
          {option.label}
          {option.hint && <span className="text-muted">{option.hint}</span>}
        </label>
      ))}
    </Base>
  );
}

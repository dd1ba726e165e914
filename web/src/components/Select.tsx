/**
 * One of a few values: `<Select value={role} onChange={setRole} options={[{ value, label }]} label="Role" />`.
 *
 * Inside a `Field` leave `label` out. More than a dozen values want a `Combobox`.
 */
import { Select as Base } from "@base-ui/react/select";
import { Check, ChevronDown } from "lucide-react";
import { classes } from "./classes";
import { CONTROL } from "./Field";

export interface Option<T extends string = string> {
  value: T;
  label: string;
  hint?: string;
}

export interface SelectProps<T extends string> {
  options: readonly Option<T>[];
  value: T;
  onChange: (value: T) => void;
  /** Its name, where no `Field` names it. */
  label?: string;
  disabled?: boolean;
  className?: string;
}

export function Select<T extends string>({
  options,
  value,
  onChange,
  label,
  disabled = false,
  className,
}: SelectProps<T>) {
  return (
    <Base.Root
      items={options}
      value={value}
      disabled={disabled}
      onValueChange={(next) => next !== null && onChange(next)}
    >
      <Base.Trigger
        aria-label={label}
        className={classes(CONTROL, "flex items-center justify-between gap-2 text-left", className)}
      >
        <Base.Value className="truncate" />
        <Base.Icon>
          <ChevronDown aria-hidden className="size-4 text-muted" />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner alignItemWithTrigger={false} sideOffset={4} className="z-50">
          <Base.Popup className="floats max-h-(--available-height) min-w-(--anchor-width) overflow-y-auto rounded-md border bg-surface p-1 shadow-float">
            <Base.List>
              {options.map((option) => (
                <Base.Item
                  key={option.value}
                  value={option.value}
                  className="flex min-h-7 items-center gap-2 rounded-sm py-1 pr-3 pl-1.5 outline-none select-none data-[highlighted]:bg-hover pointer-coarse:min-h-11"
                >
                  <span className="w-4">
                    <Base.ItemIndicator>
                      <Check aria-hidden className="size-4" />
                    </Base.ItemIndicator>
                  </span>
                  <Base.ItemText>{option.label}</Base.ItemText>
                  {option.hint && <span className="ml-auto pl-4 text-muted">{option.hint}</span>}
                </Base.Item>
              ))}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

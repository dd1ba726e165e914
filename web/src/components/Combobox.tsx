/**
 * One or several of many values, found by typing.
 *
 *     <Combobox label="Model" options={options} value={id} onChange={setId} />
 *     <MultiCombobox label="Models" options={options} value={ids} onChange={setIds} />
 *
 * Focus stays in the field; arrows choose, Enter takes, Escape closes.
 */
import { Combobox as Base } from "@base-ui/react/combobox";
import { Check, ChevronDown, X } from "lucide-react";
import { useState } from "react";
import { classes } from "./classes";
import { CONTROL } from "./Field";
import type { Option } from "./Select";

interface Shared {
  options: readonly Option[];
  label: string;
  placeholder?: string;
  disabled?: boolean;
  className?: string;
}

export interface ComboboxProps extends Shared {
  value: string | null;
  onChange: (value: string | null) => void;
}

/** The option of a value; one that is not among them is its own label. */
const optionOf = (options: readonly Option[], value: string): Option =>
  options.find((option) => option.value === value) ?? { value, label: value };

const same = (one: Option, other: Option) => one.value === other.value;

export function Combobox({ options, value, onChange, label, className, ...rest }: ComboboxProps) {
  return (
    <Base.Root
      items={options}
      value={value === null ? null : optionOf(options, value)}
      onValueChange={(option) => onChange(option?.value ?? null)}
      isItemEqualToValue={same}
      disabled={rest.disabled ?? false}
      autoHighlight
    >
      <Base.InputGroup className={classes("relative", className)}>
        <Base.Input
          aria-label={label}
          placeholder={rest.placeholder}
          className={classes(CONTROL, "pr-8")}
        />
        <Base.Trigger
          aria-label={`Show ${label}`}
          className="absolute top-1/2 right-1 grid size-6 -translate-y-1/2 place-items-center text-muted"
        >
          <ChevronDown aria-hidden className="size-4" />
        </Base.Trigger>
      </Base.InputGroup>
      <Choices />
    </Base.Root>
  );
}

export interface MultiComboboxProps extends Shared {
  value: readonly string[];
  onChange: (values: string[]) => void;
  /** Whether what is typed may be taken as it is, where it is none of the options. */
  takes?: (text: string) => boolean;
}

export function MultiCombobox(props: MultiComboboxProps) {
  const { options: known, value, onChange, label, takes, ...rest } = props;
  const [typed, setTyped] = useState("");
  const own = typed.trim();
  const isNew = own !== "" && takes?.(own) && !known.some((option) => option.value === own);
  const options = isNew ? [...known, { value: own, label: own, hint: "as typed" }] : known;
  const chosen = value.map((one) => optionOf(options, one));
  return (
    <Base.Root
      multiple
      items={options}
      value={chosen}
      onValueChange={(next: Option[], event) => {
        // Escape closes the list; it takes away nothing that was chosen.
        if (event.reason === "escape-key") event.cancel();
        else onChange(next.map((option) => option.value));
      }}
      onInputValueChange={setTyped}
      isItemEqualToValue={same}
      disabled={rest.disabled ?? false}
      autoHighlight
    >
      <Base.InputGroup className={rest.className ?? ""}>
        <Base.Chips
          className={classes(CONTROL, "flex h-auto min-h-8 flex-wrap items-center gap-1 py-1")}
        >
          {chosen.map((option) => (
            <Base.Chip
              key={option.value}
              aria-label={option.label}
              className="flex items-center gap-1 rounded-sm bg-hover pl-1.5 text-label"
            >
              {option.label}
              <Base.ChipRemove
                aria-label={`Remove ${option.label}`}
                className="grid size-6 place-items-center text-muted hover:text-text"
              >
                <X aria-hidden className="size-3" />
              </Base.ChipRemove>
            </Base.Chip>
          ))}
          <Base.Input
            aria-label={label}
            placeholder={chosen.length === 0 ? rest.placeholder : undefined}
            className="h-6 min-w-24 flex-1 bg-transparent outline-none"
          />
        </Base.Chips>
      </Base.InputGroup>
      <Choices />
    </Base.Root>
  );
}

function Choices() {
  return (
    <Base.Portal>
      <Base.Positioner sideOffset={4} className="z-50">
        <Base.Popup className="floats max-h-[min(20rem,var(--available-height))] w-max max-w-[min(36rem,var(--available-width))] min-w-[max(16rem,var(--anchor-width))] overflow-y-auto rounded-md border bg-surface p-1 shadow-float">
          <Base.Empty>
            <p className="px-2 py-1.5 text-muted">Nothing matches.</p>
          </Base.Empty>
          <Base.List>
            {(option: Option) => (
              <Base.Item
                key={option.value}
                value={option}
                className="flex min-h-7 items-center gap-2 rounded-sm py-1 pr-2 pl-1.5 outline-none select-none data-[highlighted]:bg-hover pointer-coarse:min-h-11"
              >
                <span className="w-4 shrink-0">
                  <Base.ItemIndicator>
                    <Check aria-hidden className="size-4" />
                  </Base.ItemIndicator>
                </span>
                <span className="truncate">{option.label}</span>
                {option.hint && (
                  <span className="ml-auto shrink-0 pl-4 text-muted">{option.hint}</span>
                )}
              </Base.Item>
            )}
          </Base.List>
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}

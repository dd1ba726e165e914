/**
 * On or off, at once: `<Switch label="Follow" checked={follow} onChange={setFollow} />`.
 *
 * What only counts after "Save" is a checkbox.
 */
import { Switch as Base } from "@base-ui/react/switch";
import { type ReactNode, useId } from "react";

export interface SwitchProps {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

export function Switch({ label, hint, checked, onChange, disabled = false }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <Base.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-labelledby={id}
        className="relative mt-px flex h-[18px] w-8 shrink-0 items-center rounded-full border border-line-strong bg-sunken p-px data-[checked]:border-accent data-[checked]:bg-accent data-[disabled]:opacity-50"
      >
        <Base.Thumb className="block size-3.5 rounded-full bg-muted transition-transform duration-[120ms] data-[checked]:translate-x-3.5 data-[checked]:bg-bg" />
      </Base.Root>
      <span>
        <span id={id}>{label}</span>
        {hint && <span className="block text-label text-muted">{hint}</span>}
      </span>
    </div>
  );
}

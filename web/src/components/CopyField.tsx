/**
 * An id or address that can be copied: `<CopyField label="Request id" value={id} />`.
 *
 * `shown` is what stands there where the value is long. `CopyButton` is the button alone.
 */
import { Check, Copy, X } from "lucide-react";
import { Button } from "./Button";
import { useCopy } from "./clipboard";

export interface CopyFieldProps {
  /** What it is; part of the button's name. */
  label: string;
  value: string;
  shown?: string;
  /** Whether the label stands before the value. */
  labelled?: boolean;
}

export function CopyField({ label, value, shown = value, labelled = true }: CopyFieldProps) {
  return (
    <span className="inline-flex max-w-full min-w-0 items-center gap-1.5">
      {labelled && <span className="shrink-0 text-muted">{label}</span>}
      <code className="truncate font-mono text-label" title={value}>
        {shown}
      </code>
      <CopyButton label={label} value={value} />
    </span>
  );
}

export function CopyButton({
  label,
  value,
  text,
}: {
  label: string;
  value: string;
  text?: string;
}) {
  const [state, copy] = useCopy();
  const Icon = state === "copied" ? Check : state === "failed" ? X : Copy;
  return (
    <>
      <Button
        variant={text ? "default" : "quiet"}
        size="sm"
        aria-label={text ? undefined : `Copy ${label}`}
        title={text ? undefined : `Copy ${label}`}
        onClick={() => copy(value)}
        icon={<Icon aria-hidden className="size-3.5" />}
      >
        {text}
      </Button>
      <span role="status" className="sr-only">
        {state === "copied" && `${label} copied`}
        {state === "failed" && `${label} could not be copied: select it and copy it by hand`}
      </span>
    </>
  );
}

/**
 * A secret that is shown this once. The way on opens when somebody says that it is saved.
 *
 *     <SecretOnce label="API key" secret={created.key} onSaved={close} />
 */
import { type ReactNode, useId, useState } from "react";
import { Button } from "./Button";
import { CopyButton } from "./CopyField";

export interface SecretOnceProps {
  label: string;
  secret: string;
  onSaved: () => void;
  /** What the button says. */
  act?: string;
  children?: ReactNode;
}

export function SecretOnce({ label, secret, onSaved, act = "Done", children }: SecretOnceProps) {
  const [saved, setSaved] = useState(false);
  const id = useId();
  return (
    <div className="flex flex-col gap-4">
      <p className="text-read">
        Copy this {label} now. It is stored as a hash, so nobody can show it again.
      </p>
      <div className="flex items-center gap-2 border border-line-strong bg-sunken py-1.5 pr-1.5 pl-3">
        <code className="min-w-0 flex-1 font-mono text-label break-all select-all">{secret}</code>
        <CopyButton label={label} value={secret} text="Copy" />
      </div>
      {children}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <label htmlFor={id} className="flex min-h-8 items-center gap-2">
          <input
            id={id}
            type="checkbox"
            className="size-4"
            checked={saved}
            onChange={(event) => setSaved(event.target.checked)}
          />
          I saved it
        </label>
        <Button variant="primary" disabled={!saved} onClick={onSaved}>
          {act}
        </Button>
      </div>
    </div>
  );
}

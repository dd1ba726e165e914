/**
 * A question that stops everything else.
 *
 *     <Dialog open={open} onClose={close} title="Delete key app-1?" actions={<>…</>}>
 *       It was used 1,204 times today.
 *     </Dialog>
 *
 * `ConfirmDialog` is for destruction: name the object and what happens to its traffic. With `typed`
 * the word has to be typed.
 */
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { Button } from "./Button";
import { classes } from "./classes";
import { messageOf } from "./ErrorPanel";
import { CONTROL } from "./Field";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
  wide?: boolean;
  /** Whether it can't be left by Escape or a click beside it. */
  held?: boolean;
}

export function Dialog({ open, onClose, title, children, actions, wide, held }: DialogProps) {
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={held ?? false}
      onOpenChange={(next, event) => {
        if (next) return;
        if (held && event.reason === "escape-key") event.cancel();
        else onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="floats fixed inset-0 z-40 bg-scrim" />
        <Base.Popup
          data-modal
          className={classes(
            "floats fixed top-[12vh] left-1/2 z-40 flex max-h-[80dvh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col border bg-surface shadow-float",
            wide ? "max-w-180" : "max-w-120",
          )}
        >
          <div className="flex items-center gap-3 border-b py-2 pr-2 pl-4">
            <Base.Title className="text-read font-semibold">{title}</Base.Title>
            {!held && (
              <Base.Close
                render={
                  <Button
                    variant="quiet"
                    className="ml-auto"
                    aria-label="Close"
                    icon={<X aria-hidden className="size-4" />}
                  />
                }
              />
            )}
          </div>
          <div className="min-h-0 overflow-y-auto p-4">{children}</div>
          {actions && (
            <div className="flex flex-wrap justify-end gap-2 border-t px-4 py-3">{actions}</div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export interface ConfirmDialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** The act, as the button says it: "Delete key". */
  act: string;
  /** What leaving says, where the act itself is called a cancelling. */
  dismiss?: string;
  onConfirm: () => void;
  busy?: boolean;
  error?: unknown;
  /** A word that has to be typed first. */
  typed?: string;
}

export function ConfirmDialog({
  open,
  onClose,
  title,
  children,
  act,
  dismiss = "Cancel",
  onConfirm,
  busy = false,
  error,
  typed,
}: ConfirmDialogProps) {
  const [word, setWord] = useState("");
  const id = useId();
  const ready = typed === undefined || word === typed;
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      actions={
        <>
          <Button onClick={onClose}>{dismiss}</Button>
          <Button variant="danger" busy={busy} disabled={!ready} onClick={onConfirm}>
            {act}
          </Button>
        </>
      }
    >
      <div className="text-read">{children}</div>
      {typed !== undefined && (
        <div className="mt-4 flex flex-col gap-1">
          <label htmlFor={id}>
            Type <code className="font-mono">{typed}</code> to go on
          </label>
          <input
            id={id}
            value={word}
            onChange={(event) => setWord(event.target.value)}
            className={CONTROL}
            autoComplete="off"
          />
        </div>
      )}
      {error != null && (
        <p role="alert" className="mt-3 text-bad">
          {messageOf(error)}
        </p>
      )}
    </Dialog>
  );
}

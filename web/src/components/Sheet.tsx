/**
 * Details beside a list: 520 px on the right, the whole width on a phone. The list stays usable.
 *
 *     const [open, setOpen] = useOpen();   // ?open= in the address
 *     <Sheet open={open !== null} onClose={() => setOpen(null)} title={row.model} subtitle={<CopyField … />}>
 *
 * `footer` stays at the bottom. `modal` is for forms, which a click beside must not lose.
 */
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { useNarrow } from "~/app/media";
import { Button } from "./Button";

export interface SheetProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  subtitle?: ReactNode;
  actions?: ReactNode;
  footer?: ReactNode;
  modal?: boolean;
  children: ReactNode;
}

export function Sheet(props: SheetProps) {
  const { open, onClose, title, subtitle, actions, footer, modal = false, children } = props;
  const narrow = useNarrow();
  const over = modal || narrow;
  const closing = useRef<HTMLButtonElement>(null);
  return (
    <Base.Root
      open={open}
      modal={over}
      disablePointerDismissal
      onOpenChange={(next) => !next && onClose()}
    >
      <Base.Portal>
        {over && <Base.Backdrop className="floats fixed inset-0 z-30 bg-scrim" />}
        <Base.Popup
          data-modal={over || undefined}
          initialFocus={modal ? undefined : closing}
          className="floats fixed inset-y-0 right-0 z-30 flex w-full max-w-130 flex-col border-l bg-surface shadow-float data-[ending-style]:translate-x-3 data-[starting-style]:translate-x-3"
        >
          <div className="flex items-start gap-2 border-b py-3 pr-2 pl-5">
            <div className="min-w-0 flex-1">
              <Base.Title className="truncate text-title font-semibold">{title}</Base.Title>
              {subtitle && <div className="text-muted">{subtitle}</div>}
            </div>
            {actions}
            <Base.Close
              ref={closing}
              render={
                <Button
                  variant="quiet"
                  aria-label="Close"
                  icon={<X aria-hidden className="size-4" />}
                />
              }
            />
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4" tabIndex={0}>
            {children}
          </div>
          {footer && (
            <div className="flex flex-wrap items-center gap-2 border-t px-5 py-3">{footer}</div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

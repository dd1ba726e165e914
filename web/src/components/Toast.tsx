/**
 * Confirms what can't be seen otherwise: `const toast = useToast(); toast("Copied")`. Errors stay
 * where they happened (`ErrorPanel`); a toast never carries one. An undo may be offered:
 * `toast("Key deleted", { label: "Undo", run: restore })`.
 */
import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { type ReactNode, useCallback } from "react";

export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider timeout={4_000} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-50 flex w-[min(22rem,calc(100vw-2rem))] flex-col gap-2">
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Toasts() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root
      key={toast.id}
      toast={toast}
      className="floats flex items-center gap-3 rounded-md border bg-surface px-3 py-2 shadow-float data-[limited]:hidden"
    >
      <Base.Content className="flex min-w-0 flex-1 items-center gap-3">
        <Base.Title className="min-w-0 flex-1 text-body" render={<p />} />
        {toast.actionProps && (
          <Base.Action className="h-7 rounded-md px-2 font-medium text-accent hover:bg-hover" />
        )}
        <Base.Close
          aria-label="Dismiss"
          className="grid size-6 place-items-center rounded-sm text-muted hover:text-text"
        >
          <X aria-hidden className="size-4" />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ));
}

export interface ToastAction {
  label: string;
  run: () => void;
}

export function useToast(): (text: string, action?: ToastAction) => void {
  const { add } = Base.useToastManager();
  return useCallback(
    (text, action) => {
      add({
        title: text,
        ...(action ? { actionProps: { children: action.label, onClick: action.run } } : {}),
      });
    },
    [add],
  );
}

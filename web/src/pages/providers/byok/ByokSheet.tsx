import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Byok, keysChanged, removeByok } from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { ConfirmDialog } from "~/components/Dialog";
import { Sheet } from "~/components/Sheet";
import { useToast } from "~/components/Toast";
import { ByokForm } from "./ByokForm";

/** What `?open=` says while a key is added. */
export const NEW = "new";

export interface ByokSheetProps {
  open: string | null;
  keys: readonly Byok[];
  onClose: () => void;
  onOpen: (id: string) => void;
}

/** Adds a key, or changes one: the same form. */
export function ByokSheet({ open, keys, onClose, onOpen }: ByokSheetProps) {
  const session = useSession();
  const toast = useToast();
  const [removing, setRemoving] = useState(false);
  const [warning, setWarning] = useState<string | null>(null);
  const close = () => {
    setWarning(null);
    onClose();
  };
  const row = keys.find((key) => key.id === open) ?? null;
  const shown = row !== null || open === NEW;
  return (
    <>
      <Sheet
        open={shown}
        onClose={close}
        modal
        title={row ? (row.name ?? row.label) : "Add a key of your own"}
        subtitle={row && <code className="font-mono text-label">{row.label}</code>}
        actions={
          row &&
          may(session, "own_keys", "write") && (
            <Button variant="danger" onClick={() => setRemoving(true)}>
              Remove
            </Button>
          )
        }
      >
        {warning && (
          <p role="status" className="mb-4 text-warn">
            {warning}
          </p>
        )}
        {shown && (
          <ByokForm
            key={open}
            row={row}
            onSaved={(saved, problem) => {
              setWarning(problem);
              if (problem) return onOpen(saved.id);
              toast(row ? "Key changed" : "Key added: calls use it now");
              close();
            }}
          />
        )}
      </Sheet>
      {row && (
        <Removal
          row={row}
          open={removing}
          onClose={() => setRemoving(false)}
          onRemoved={() => {
            setRemoving(false);
            close();
          }}
        />
      )}
    </>
  );
}

interface RemovalProps {
  row: Byok;
  open: boolean;
  onClose: () => void;
  onRemoved: () => void;
}

function Removal({ row, open, onClose, onRemoved }: RemovalProps) {
  const queries = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => removeByok(row.id),
    onSuccess: () => {
      keysChanged(queries);
      onRemoved();
    },
  });
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Remove ${row.name ?? row.label}?`}
      act="Remove key"
      onConfirm={() => mutate()}
      busy={isPending}
      error={error}
    >
      Its secret is wiped and can't be brought back. Calls go on with other keys, and fail where
      there are none.
    </ConfirmDialog>
  );
}

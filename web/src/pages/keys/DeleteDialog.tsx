import { useMutation } from "@tanstack/react-query";
import { deleteKey } from "~/api/keys";
import { ConfirmDialog } from "~/components/Dialog";
import { total } from "~/format";
import { requestWords } from "./queries";
import type { ListedKey } from "./use-listed-keys";

export interface DeleteDialogProps {
  listed: ListedKey;
  onClose: () => void;
  onDeleted: () => void;
}

/** Asks whether a key shall go, and says what that does to those who use it. */
export function DeleteDialog({ listed, onClose, onDeleted }: DeleteDialogProps) {
  const { record, use, useKnown } = listed;
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => deleteKey(record.hash),
    onSuccess: onDeleted,
  });
  const used = use
    ? `It made ${requestWords(use.requests)} in the last 7 days and spent ${total(record.usage)} in all. `
    : useKnown
      ? "Nobody has used it in the last 30 days. "
      : "";
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete key ${record.name}?`}
      act="Delete key"
      onConfirm={() => mutate()}
      busy={isPending}
      error={error}
    >
      {used}From now on every call with it is refused with 401. What it spent stays on record. This
      can't be undone; a key that is disabled can be enabled again.
    </ConfirmDialog>
  );
}

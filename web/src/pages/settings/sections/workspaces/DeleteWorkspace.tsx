import { useMutation, useQueryClient } from "@tanstack/react-query";
import { client } from "~/api/client";
import type { Workspace } from "~/api/organisation";
import { ConfirmDialog } from "~/components/Dialog";

export function DeleteWorkspace({
  workspace,
  open,
  onClose,
  onDone,
}: {
  workspace: Workspace;
  open: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const queries = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      client.DELETE("/api/v1/workspaces/{id}", { params: { path: { id: workspace.id } } }),
    onSuccess: async () => {
      onDone();
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["workspaces"] }),
        queries.invalidateQueries({ queryKey: ["session"] }),
      ]);
    },
  });
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Delete the workspace ${workspace.name}?`}
      act="Delete workspace"
      typed={workspace.slug}
      onConfirm={() => mutate()}
      busy={isPending}
      error={error}
    >
      Its members leave it and its budgets go. It can only be deleted when none of its keys is
      active. What its calls cost stays on record.
    </ConfirmDialog>
  );
}

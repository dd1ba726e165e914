import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { gatewayBase } from "~/api/base";
import { answer, client } from "~/api/client";
import type { NewInvitation, Role } from "~/api/organisation";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { MultiCombobox } from "~/components/Combobox";
import { CopyButton } from "~/components/CopyField";
import { Dialog } from "~/components/Dialog";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { RadioGroup } from "~/components/RadioGroup";
import { mayGrant, ROLES } from "./roles";

/** Asks somebody in; then shows the link to send, which nobody can show again. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [places, setPlaces] = useState<string[]>([]);
  const invite = useMutation({
    mutationFn: (body: NewInvitation) =>
      answer(client.POST("/api/v1/organization/invitations", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  const named = fieldErrors(invite.error);
  const body: NewInvitation = {
    email: email.trim(),
    access: role,
    workspaces:
      role === "member"
        ? places.map((workspace_id) => ({ workspace_id, role: "member" as const }))
        : [],
  };
  const made = invite.data;
  if (made) {
    const link = `${gatewayBase()}/invitation?token=${encodeURIComponent(made.token)}`;
    return (
      <Dialog
        open
        held
        onClose={onClose}
        title={`Send this link to ${made.data.email}`}
        actions={
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        }
      >
        <p className="mb-3 text-read">
          It works once, for seven days. Only its hash is kept: when it is lost, withdraw the
          invitation and make another.
        </p>
        <div className="flex items-center gap-2 border border-line-strong bg-sunken py-1.5 pr-1.5 pl-3">
          <code className="min-w-0 flex-1 font-mono text-label break-all select-all">{link}</code>
          <CopyButton label="Invitation link" value={link} text="Copy" />
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title="Invite somebody">
      <Form label="Invite somebody" errors={named} onSubmit={() => invite.mutate(body)}>
        <Field name="email" label="E-mail">
          <Input
            type="email"
            required
            autoFocus
            autoComplete="off"
            value={email}
            onValueChange={setEmail}
          />
        </Field>
        <RadioGroup
          label="Role"
          options={ROLES.filter(({ value }) => mayGrant(session, value))}
          value={role}
          onChange={setRole}
        />
        {role === "member" && (
          <div className="flex flex-col gap-1">
            <span className="font-medium">Workspaces</span>
            <MultiCombobox
              label="Workspaces"
              options={session.workspaces.map(({ id, name }) => ({ value: id, label: name }))}
              value={places}
              onChange={setPlaces}
              placeholder="None yet"
            />
            <span className="text-label text-muted">
              Members see nothing until they belong to one.
            </span>
          </div>
        )}
        {invite.error && Object.keys(named).length === 0 && (
          <p role="alert" className="text-bad">
            {messageOf(invite.error)}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" variant="primary" busy={invite.isPending}>
            Make the invitation
          </Button>
          <ApiCall method="POST" path="/organization/invitations" body={body} />
        </div>
      </Form>
    </Dialog>
  );
}

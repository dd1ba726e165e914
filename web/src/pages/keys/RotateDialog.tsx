import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type KeyRecord, rotateKey } from "~/api/keys";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Dialog } from "~/components/Dialog";
import { messageOf } from "~/components/ErrorPanel";
import { RadioGroup } from "~/components/RadioGroup";
import { type NewSecret, secretOf } from "./SecretDialog";

const OVERLAPS = [
  { value: "86400", label: "24 hours" },
  { value: "604800", label: "7 days" },
  { value: "2592000", label: "30 days" },
  { value: "0", label: "Not at all", hint: "for a secret that has leaked" },
] as const;

export interface RotateDialogProps {
  record: KeyRecord;
  onClose: () => void;
  onRotated: (secret: NewSecret) => void;
}

/** Another secret for a key, with a time in which both work. */
export function RotateDialog({ record, onClose, onRotated }: RotateDialogProps) {
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]["value"]>("86400");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => rotateKey(record.hash, Number(overlap)),
    onSuccess: (created) => onRotated(secretOf(created)),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Another secret for ${record.name}`}
      actions={
        <>
          <ApiCall
            method="POST"
            path={`/keys/${record.hash}/rotate`}
            body={{ overlap_seconds: Number(overlap) }}
          />
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" busy={isPending} onClick={() => mutate()}>
            Rotate
          </Button>
        </>
      }
    >
      <p className="pb-4 text-read">
        Limits, restrictions and what it has spent stay. Give the new secret to its apps while the
        present one still works.
      </p>
      <RadioGroup
        label="The present secret goes on working"
        options={OVERLAPS}
        value={overlap}
        onChange={setOverlap}
      />
      {error && (
        <p role="alert" className="mt-3 text-bad">
          {messageOf(error)}
        </p>
      )}
    </Dialog>
  );
}

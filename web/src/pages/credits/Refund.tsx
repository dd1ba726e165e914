import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Dialog } from "~/components/Dialog";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { Money } from "~/components/Money";
import type { Movement } from "./queries";

/** Has a payment go back, or a part of it. The ledger has it when the payment provider tells of it. */
export function Refund({
  account,
  movement,
  onClose,
}: {
  account: string;
  movement: Movement;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [amount, setAmount] = useState("");
  const [key] = useState(() => crypto.randomUUID());
  const body = { payment: movement.id, ...(amount.trim() ? { amount: amount.trim() } : {}) };
  const refund = useMutation({
    mutationFn: async () => {
      // Asked twice under one key, a payment goes back once.
      const params = { header: { "Idempotency-Key": `${key}-${amount.trim()}` } };
      return (await answer(client.POST("/api/v1/credits/refunds", { params, body }))).data;
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["credits", account] }),
  });
  const named = fieldErrors(refund.error);
  if (refund.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        title="It goes back"
        actions={
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        }
      >
        <Money dollars={refund.data.amount} as="amount" /> of {movement.id} goes back. The statement
        has it when the payment provider tells of it.
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title={`Refund ${movement.id}`}>
      <Form label="Refund" errors={named} onSubmit={() => refund.mutate()}>
        <p>
          It bought <Money dollars={movement.amount} as="amount" /> of credit. The credit is taken,
          spent or not; then the fee goes back.
        </p>
        <Field
          name="amount"
          label="Amount, in US dollars"
          optional
          hint="Of what was paid, the fee included. All that is left of the payment, unless you say."
        >
          <Input
            inputMode="decimal"
            autoComplete="off"
            autoFocus
            value={amount}
            onValueChange={setAmount}
          />
        </Field>
        {refund.error && Object.keys(named).length === 0 && (
          <p role="alert" className="text-bad">
            {messageOf(refund.error)}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" variant="danger" busy={refund.isPending}>
            Refund
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <ApiCall method="POST" path="/credits/refunds" body={body} />
        </div>
      </Form>
    </Dialog>
  );
}

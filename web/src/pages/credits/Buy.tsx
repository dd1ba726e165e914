import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { Dialog } from "~/components/Dialog";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { RadioGroup } from "~/components/RadioGroup";

type Method = "standard" | "crypto";

const METHODS: { value: Method; label: string; hint: string }[] = [
  { value: "standard", label: "Card and the like", hint: "what the payment provider offers" },
  { value: "crypto", label: "Stablecoins", hint: "at their own fee" },
];

/** Opens the payment provider's page, on which credit is bought. */
export function Buy({ account, onClose }: { account: string; onClose: () => void }) {
  const [amount, setAmount] = useState("20");
  const [method, setMethod] = useState<Method>("standard");
  const [key] = useState(() => crypto.randomUUID());
  const body = { amount: amount.trim(), payment_method: method };
  const buy = useMutation({
    mutationFn: async () => {
      // The same page where the button is pressed twice.
      const header = { "Idempotency-Key": `${key}-${body.amount}-${method}` };
      const params = { query: { account }, header };
      return (await answer(client.POST("/api/v1/credits/checkout", { params, body }))).data;
    },
    onSuccess: ({ url }) => window.location.assign(url),
  });
  const unsold = buy.error instanceof ApiError && buy.error.status === 404;
  const named = fieldErrors(buy.error);
  if (unsold) return <Unsold account={account} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title="Buy credit">
      <Form label="Buy credit" errors={named} onSubmit={() => buy.mutate()}>
        <Field
          name="amount"
          label="Credit, in US dollars"
          hint="In whole cents. The fee comes on top and is shown before you pay."
        >
          <Input
            inputMode="decimal"
            required
            autoComplete="off"
            autoFocus
            value={amount}
            onValueChange={setAmount}
          />
        </Field>
        <RadioGroup label="Paid by" options={METHODS} value={method} onChange={setMethod} />
        {buy.error && Object.keys(named).length === 0 && (
          <p role="alert" className="text-bad">
            {messageOf(buy.error)}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" variant="primary" busy={buy.isPending || buy.isSuccess}>
            Go on to pay
          </Button>
          <ApiCall method="POST" path="/credits/checkout" query={{ account }} body={body} />
        </div>
      </Form>
    </Dialog>
  );
}

/** How credit comes in where no payment provider is set up. */
export function HowToSell({ account }: { account: string }) {
  return (
    <>
      <p className="mb-3">Credit can be added by hand, on the machine of the gateway:</p>
      <Code code={`tollgate credits add 25 --account ${account}`} language="bash" />
      <p className="mt-4 mb-3">
        To sell it, name a payment provider in the configuration file and restart:
      </p>
      <Code
        code={`[payments.stripe]
secret_key = "env:STRIPE_SECRET_KEY"
webhook_secret = "env:STRIPE_WEBHOOK_SECRET"`}
        language="toml"
      />
    </>
  );
}

function Unsold({ account, onClose }: { account: string; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title="No credit is sold here" wide>
      <HowToSell account={account} />
    </Dialog>
  );
}

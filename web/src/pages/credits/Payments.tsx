import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel, messageOf } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { Status } from "~/components/Status";
import { useToast } from "~/components/Toast";
import { HowToSell } from "./Buy";
import { type TopUp, topUpQuery } from "./queries";

/** What is bought without anybody asking. */
export function Payments({ account }: { account: string }) {
  const { data, error, isPending, refetch } = useQuery(topUpQuery(account));
  if (isPending) return <Loading label="Payments" rows={4} />;
  if (error && data === undefined) {
    return (
      <ErrorPanel
        what="The automatic top-up can't be read"
        error={error}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) {
    return <EmptyState title="No credit is sold here" more={<HowToSell account={account} />} />;
  }
  return <AutoTopUp key={account} account={account} topUp={data} />;
}

function AutoTopUp({ account, topUp }: { account: string; topUp: TopUp }) {
  const session = useSession();
  const queries = useQueryClient();
  const toast = useToast();
  const [threshold, setThreshold] = useState(String(topUp.threshold ?? ""));
  const [amount, setAmount] = useState(String(topUp.amount ?? ""));
  const params = { query: { account } };
  const body = { threshold: threshold.trim(), amount: amount.trim() };
  const done = ({ data }: { data: TopUp }, words: string) => {
    queries.setQueryData(topUpQuery(account).queryKey, data);
    toast(words);
  };
  const set = useMutation({
    mutationFn: () => answer(client.PUT("/api/v1/credits/auto-topup", { params, body })),
    onSuccess: (result) => done(result, "Credit is topped up from now on"),
  });
  const end = useMutation({
    mutationFn: () => answer(client.DELETE("/api/v1/credits/auto-topup", { params })),
    onSuccess: (result) => done(result, "Nothing is bought by itself any more"),
  });
  const error = set.error ?? end.error;
  const named = fieldErrors(error);
  return (
    <Section
      title="Automatic top-up"
      hint="bought with the card of the last purchase"
      actions={<ApiCall method="PUT" path="/credits/auto-topup" query={{ account }} body={body} />}
    >
      <div className="max-w-140">
        <Facts
          facts={[
            [
              "State",
              topUp.stopped ? (
                <Status key="state" tone="bad">
                  Stopped: {topUp.stopped}
                </Status>
              ) : (
                <Status key="state" tone={topUp.enabled ? "good" : "idle"}>
                  {topUp.enabled ? "On" : "Off"}
                </Status>
              ),
            ],
            [
              "Card",
              topUp.has_payment_method
                ? "That of the last purchase"
                : "None yet: buy credit once first",
            ],
            topUp.enabled
              ? [
                  "Rule",
                  <span key="rule">
                    Below <Money dollars={topUp.threshold} as="amount" />, buy{" "}
                    <Money dollars={topUp.amount} as="amount" />
                  </span>,
                ]
              : null,
          ]}
        />
        {may(session, "money", "write") && (
          <Form
            label="Automatic top-up"
            className="mt-5"
            errors={named}
            onSubmit={() => set.mutate()}
          >
            <div className="grid grid-cols-2 gap-3">
              <Field name="threshold" label="When less than, in dollars">
                <Input
                  inputMode="decimal"
                  required
                  autoComplete="off"
                  value={threshold}
                  onValueChange={setThreshold}
                />
              </Field>
              <Field name="amount" label="Buy, in dollars">
                <Input
                  inputMode="decimal"
                  required
                  autoComplete="off"
                  value={amount}
                  onValueChange={setAmount}
                />
              </Field>
            </div>
            {error && Object.keys(named).length === 0 && (
              <p role="alert" className="text-bad">
                {messageOf(error)}
              </p>
            )}
            <div className="flex flex-wrap gap-2">
              <Button
                type="submit"
                busy={set.isPending}
                disabled={!topUp.has_payment_method}
                title={topUp.has_payment_method ? undefined : "Needs one purchase before"}
              >
                {topUp.enabled ? "Change the rule" : "Switch on"}
              </Button>
              {topUp.enabled && (
                <Button variant="danger" busy={end.isPending} onClick={() => end.mutate()}>
                  Switch off
                </Button>
              )}
            </div>
          </Form>
        )}
      </div>
    </Section>
  );
}

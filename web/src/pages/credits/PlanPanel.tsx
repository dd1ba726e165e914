import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { ConfirmDialog } from "~/components/Dialog";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { useToast } from "~/components/Toast";
import { percent } from "~/format";
import { type Plan, planQuery, plansQuery } from "./queries";

const EXAMPLE = `[[plan]]
slug = "team"
name = "Team"
monthly_commitment = "500"
tiers = [{ from = "1000", percent = "5" }]
rates = [{ model = "acme/*", percent = "20" }]`;

/** The plan that the account has agreed to, and those it can. */
export function PlanPanel({ account }: { account: string }) {
  const session = useSession();
  const queries = useQueryClient();
  const toast = useToast();
  const plans = useQuery(plansQuery);
  const own = useQuery(planQuery(account));
  const [wanted, setWanted] = useState<Plan | "none" | null>(null);
  const agree = useMutation({
    mutationFn: (plan: string | null) =>
      answer(
        client.PUT("/api/v1/credits/plan", { params: { query: { account } }, body: { plan } }),
      ),
    onSuccess: ({ data }) => {
      setWanted(null);
      queries.setQueryData(planQuery(account).queryKey, data);
      toast(data.plan ? `The account ${account} has agreed to ${data.plan}` : "The plan is left");
    },
  });
  const error = plans.error ?? own.error;
  if (error && !(plans.data && own.data)) {
    return (
      <ErrorPanel
        what="The plans can't be read"
        error={error}
        onRetry={() => void Promise.all([plans.refetch(), own.refetch()])}
      />
    );
  }
  if (!plans.data || !own.data) return <Loading label="Plans" rows={4} />;
  if (plans.data.length === 0) {
    return (
      <EmptyState title="No plans are offered here" more={<Code code={EXAMPLE} language="toml" />}>
        Calls cost what the price list says. A plan is a row of the configuration file: discounts by
        model, discounts on what a month comes to, and what a month costs at least.
      </EmptyState>
    );
  }
  const { plan, since, in_force } = own.data;
  const writes = may(session, "money", "write");
  return (
    <Section
      title="Plan"
      hint={
        plan ? (
          <>
            {plan} since <Time at={since} />
            {in_force !== plan && ", not in force: it is no longer in the configuration"}
          </>
        ) : (
          (in_force && `${in_force}, that of everybody`) || "the price list"
        )
      }
      actions={
        <ApiCall
          method="PUT"
          path="/credits/plan"
          query={{ account }}
          body={{ plan: plans.data[0]?.slug ?? null }}
        />
      }
    >
      <ul className="flex max-w-180 flex-col">
        {plans.data.map((one) => (
          <li key={one.slug} className="flex flex-wrap items-start gap-x-6 gap-y-2 border-b py-3">
            <div className="min-w-0 flex-1">
              <h3 className="flex flex-wrap items-baseline gap-x-3 font-semibold">
                {one.name}
                <code className="font-mono text-label font-normal text-muted">{one.slug}</code>
                {one.slug === in_force && <Status tone="good">In force</Status>}
                {one.is_default && <span className="font-normal text-muted">of everybody</span>}
              </h3>
              <Terms plan={one} />
            </div>
            {writes && one.slug !== plan && (
              <Button aria-label={`Agree to ${one.name}`} onClick={() => setWanted(one)}>
                Agree
              </Button>
            )}
            {writes && one.slug === plan && (
              <Button aria-label={`Leave ${one.name}`} onClick={() => setWanted("none")}>
                Leave
              </Button>
            )}
          </li>
        ))}
      </ul>
      <ConfirmDialog
        open={wanted !== null}
        onClose={() => setWanted(null)}
        title={
          wanted === "none" ? "Leave the plan?" : `Agree to ${wanted?.name ?? ""} for ${account}?`
        }
        act={wanted === "none" ? "Leave the plan" : "Agree to the plan"}
        onConfirm={() => wanted && agree.mutate(wanted === "none" ? null : wanted.slug)}
        busy={agree.isPending}
        error={agree.error}
      >
        {wanted === "none" || wanted === null ? (
          "Calls cost what the price list says from now on. The month commits to the part of it for which the plan was in force."
        ) : (
          <>
            It is in force from now on, for all calls of the account.{" "}
            {wanted.monthly_commitment > 0 && (
              <>
                A month costs at least <Money dollars={wanted.monthly_commitment} as="amount" />.
                What is missing of it is charged two hours after the month’s end.
              </>
            )}
          </>
        )}
      </ConfirmDialog>
    </Section>
  );
}

function Terms({ plan }: { plan: Plan }) {
  return (
    <ul className="text-muted">
      <li>
        {plan.monthly_commitment > 0 ? (
          <>
            At least <Money dollars={plan.monthly_commitment} as="amount" /> a month
          </>
        ) : (
          "No commitment"
        )}
      </li>
      {plan.rates.map((rate) => (
        <li key={rate.model}>
          {percent(rate.percent / 100)} off the list price of{" "}
          <code className="font-mono text-label">{rate.model}</code>
        </li>
      ))}
      {plan.tiers.map((tier) => (
        <li key={tier.from}>
          {percent(tier.percent / 100)} off what a month costs beyond{" "}
          <Money dollars={tier.from} as="amount" />
        </li>
      ))}
    </ul>
  );
}

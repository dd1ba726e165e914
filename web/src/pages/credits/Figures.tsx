import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useSession } from "~/app/session";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Money } from "~/components/Money";
import { UNKNOWN } from "~/format";
import { monthOf } from "./month";
import { creditsQuery, statementQuery } from "./queries";

/** What there is and what went: every amount as the ledger tells it. */
export function Figures({ account }: { account: string }) {
  const { billing } = useSession().installation;
  const credits = useQuery(creditsQuery(account));
  const statement = useQuery(statementQuery(account, monthOf(new Date())));
  const month = statement.data;
  if (credits.error && !credits.data) {
    return (
      <ErrorPanel
        what="The account can't be read"
        error={credits.error}
        onRetry={() => void credits.refetch()}
      />
    );
  }
  return (
    <dl className="mb-6 flex flex-wrap items-end gap-x-12 gap-y-4">
      {billing && (
        <Figure name="Balance" large>
          {statement.data ? <Money dollars={month?.closing_balance} as="amount" /> : UNKNOWN}
        </Figure>
      )}
      <Figure name="Calls this month" large={!billing}>
        {month ? <Money dollars={month.usage_total} as="total" /> : UNKNOWN}
      </Figure>
      {billing && (
        <Figure name="Credit in all">
          {credits.data ? <Money dollars={credits.data.total_credits} as="amount" /> : UNKNOWN}
        </Figure>
      )}
      <Figure name={billing ? "Spent of it" : "Calls in all"}>
        {credits.data ? <Money dollars={credits.data.total_usage} as="total" /> : UNKNOWN}
      </Figure>
    </dl>
  );
}

function Figure({
  name,
  large = false,
  children,
}: {
  name: string;
  large?: boolean;
  children: ReactNode;
}) {
  return (
    <div className="flex flex-col-reverse">
      <dt className="text-label text-muted">{name}</dt>
      <dd className={large ? "text-hero font-medium" : "text-figure font-medium"}>{children}</dd>
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Money } from "~/components/Money";
import { UNKNOWN } from "~/format";
import { runwayOf, runwayWords } from "./ledger";
import { monthOf } from "./month";
import { creditsQuery, daysQuery, RUNWAY_DAYS, statementQuery } from "./queries";

/** Credit that is gone so soon is bought now. */
const SHORT_DAYS = 7;

/** What there is and what went: every amount as the ledger tells it. */
export function Figures({ account, payers }: { account: string; payers: readonly string[] }) {
  const session = useSession();
  const { billing } = session.installation;
  const credits = useQuery(creditsQuery(account));
  const statement = useQuery(statementQuery(account, monthOf(new Date())));
  const month = statement.data;
  const days = useQuery({
    ...daysQuery(payers, monthOf(new Date())),
    enabled: billing && may(session, "usage") && payers.length > 0,
  });
  const runway =
    month && days.data ? runwayOf(month.closing_balance, days.data, new Date(), RUNWAY_DAYS) : null;
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
      {billing && runway !== null && (
        <Figure name={`left at the spend of the last ${RUNWAY_DAYS} days`}>
          <span className={runway < SHORT_DAYS ? "text-warn" : undefined}>
            {runwayWords(runway)}
          </span>
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

import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { classes } from "~/components/classes";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { useShortcuts } from "~/keyboard/shortcuts";
import { useUrlState } from "~/url/state";
import { Downloads } from "./Downloads";
import { monthCodec, monthName, monthOf, monthsFrom } from "./month";
import { monthsQuery, statementQuery } from "./queries";
import { StatementView } from "./StatementView";

const NOW = new Date();
const MONTH = monthCodec(NOW);

/** One statement, and the months there are; `payers` are the workspaces that pay from the account. */
export function Months({ account, payers }: { account: string; payers: readonly string[] }) {
  const session = useSession();
  const [month, setMonth] = useUrlState("month", MONTH);
  const [present] = useState(() => monthOf(new Date()));
  const statement = useQuery(statementQuery(account, month));
  const months = useQuery({
    ...monthsQuery(payers),
    enabled: may(session, "usage") && payers.length > 0,
  });
  const before = () => setMonth(monthsFrom(month, -1), true);
  const after = () => month < present && setMonth(monthsFrom(month, 1), true);
  useShortcuts([
    { keys: "[", label: "Month before", group: "Statements", run: before },
    { keys: "]", label: "Month after", group: "Statements", run: after },
  ]);
  return (
    <div className="grid gap-x-12 gap-y-6 lg:grid-cols-[11rem_minmax(0,1fr)]">
      <nav aria-label="Months" className="flex gap-px overflow-x-auto lg:flex-col">
        {(months.data?.length ? months.data : [{ month: present, usage: null }]).map((one) => (
          <button
            key={one.month}
            type="button"
            aria-current={one.month === month || undefined}
            onClick={() => setMonth(one.month, true)}
            className={classes(
              "flex h-8 shrink-0 items-center justify-between gap-3 rounded-md px-2 whitespace-nowrap pointer-coarse:h-11",
              one.month === month ? "bg-hover font-medium" : "text-muted hover:bg-hover",
            )}
          >
            {one.month}
            {one.usage != null && <Money dollars={one.usage} as="total" />}
          </button>
        ))}
      </nav>
      <div className="min-w-0">
        <div className="mb-3 flex flex-wrap items-center gap-2">
          <Button
            variant="quiet"
            size="sm"
            aria-label="Month before"
            onClick={before}
            icon={<ChevronLeft aria-hidden className="size-4" />}
          />
          <h2 className="text-read font-semibold">{monthName(month)}</h2>
          <Button
            variant="quiet"
            size="sm"
            aria-label="Month after"
            disabled={month >= present}
            onClick={after}
            icon={<ChevronRight aria-hidden className="size-4" />}
          />
          {statement.data && (
            <>
              <span className="text-muted">
                {statement.data.number ? `No. ${statement.data.number}` : "preliminary"}
              </span>
              <Downloads account={account} month={month} />
            </>
          )}
        </div>
        {statement.isPending && <Loading label="Statement" rows={8} />}
        {statement.error && !statement.data && (
          <ErrorPanel
            what="The statement can't be read"
            error={statement.error}
            onRetry={() => void statement.refetch()}
          />
        )}
        {statement.data === null && (
          <EmptyState title={`Nothing had happened by the end of ${monthName(month)}`}>
            The account {account} has its first statement in the month of its first credit or call.
          </EmptyState>
        )}
        {statement.data && (
          <StatementView account={account} payers={payers} statement={statement.data} />
        )}
      </div>
    </div>
  );
}

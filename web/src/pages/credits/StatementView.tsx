import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { Time } from "~/components/Time";
import { exact, quantity, whole } from "~/format";
import { CALLS, type Entry, ledgerOf } from "./ledger";
import { daysQuery, type Movement, type Statement } from "./queries";
import { Refund } from "./Refund";
import { lineName } from "./words";

type UsageLine = Statement["usage"][number]["lines"][number];

const MOVED: readonly Column<Entry>[] = [
  {
    id: "at",
    header: "Time",
    width: 150,
    rank: 2,
    cell: ({ at, kind, id }) => (
      <span className="font-mono text-label">{kind === CALLS ? id : <Time at={at} />}</span>
    ),
  },
  {
    id: "kind",
    header: "Movement",
    width: 140,
    grow: 2,
    rank: 0,
    cell: ({ kind, id }) => (kind === CALLS ? <CallsOf date={id} /> : lineName(kind)),
  },
  {
    id: "note",
    header: "Note",
    width: 120,
    grow: 2,
    rank: 3,
    cell: ({ note }) => <span className="text-muted">{note}</span>,
  },
  {
    id: "reference",
    header: "Reference",
    width: 140,
    grow: 2,
    rank: 4,
    cell: ({ kind, id, reference }) =>
      kind !== CALLS && <code className="font-mono text-label">{reference ?? id}</code>,
  },
  {
    id: "amount",
    header: "Amount",
    width: 100,
    rank: 0,
    align: "right",
    cell: ({ amount, kind }) => <Money dollars={amount} as={kind === CALLS ? "cost" : "amount"} />,
  },
];

const BALANCE: Column<Entry> = {
  id: "balance",
  header: "Balance",
  width: 100,
  rank: 1,
  align: "right",
  cell: ({ balance }) => <Money dollars={balance} as="amount" />,
};

/** What calls of a day are called, and the way to them. */
function CallsOf({ date }: { date: string }) {
  const next = new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString();
  return (
    <Link
      to="/logs"
      search={{ range: `${date}T00:00:00.000Z..${next}` }}
      className="text-accent hover:underline"
    >
      Calls of the day
    </Link>
  );
}

const USED: readonly Column<UsageLine>[] = [
  {
    id: "name",
    header: "Name",
    width: 140,
    grow: 3,
    rank: 0,
    cell: ({ name }) => name || <span className="text-muted">Not named</span>,
  },
  {
    id: "requests",
    header: "Requests",
    width: 90,
    align: "right",
    rank: 2,
    cell: (it) => whole(it.requests),
  },
  {
    id: "in",
    header: "Tokens in",
    width: 90,
    align: "right",
    rank: 4,
    cell: (it) => quantity(it.prompt_tokens),
  },
  {
    id: "out",
    header: "Tokens out",
    width: 90,
    align: "right",
    rank: 3,
    cell: (it) => quantity(it.completion_tokens),
  },
  {
    id: "amount",
    header: "Cost",
    width: 110,
    align: "right",
    rank: 0,
    cell: (it) => <Money dollars={it.amount} />,
  },
];

const movementKey = ({ id, at, kind }: Movement) => `${id} ${kind} ${at}`;
const lineKey = ({ name }: UsageLine) => name;

export interface StatementViewProps {
  account: string;
  /** The workspaces that pay from it. */
  payers: readonly string[];
  statement: Statement;
}

/** A month as a ledger: what was there, what came and went, what is there, as the gateway has it. */
export function StatementView({ account, payers, statement }: StatementViewProps) {
  const session = useSession();
  const { billing } = session.installation;
  const [refunded, setRefunded] = useState<Movement | null>(null);
  const writes = billing && may(session, "money", "write");
  const days = useQuery({
    ...daysQuery(payers, statement.month),
    enabled: billing && may(session, "usage") && payers.length > 0,
  });
  const entries = useMemo(() => ledgerOf(statement, days.data ?? []), [statement, days.data]);
  const told = entries.some(({ balance }) => balance !== null);
  const moved = told ? [...MOVED, BALANCE] : MOVED;
  const columns: readonly Column<Entry>[] = writes
    ? [
        ...moved,
        {
          id: "acts",
          header: "Refund",
          width: 80,
          rank: 1,
          align: "right",
          cell: (row) =>
            isPayment(row) && (
              <Button
                size="sm"
                variant="quiet"
                aria-label={`Refund ${row.reference ?? row.id}`}
                onClick={() => setRefunded(row)}
              >
                Refund
              </Button>
            ),
        },
      ]
    : moved;
  return (
    <>
      {billing && <Balance statement={statement} />}
      {(billing || entries.length > 0) && (
        <Section
          title="What was entered"
          hint={told ? "by people, payments, plans and calls" : "by people, payments and plans"}
        >
          <DataTable
            label="Movements"
            rows={entries}
            columns={columns}
            rowKey={movementKey}
            height="content"
            empty={
              <p className="text-muted">
                Nothing: no credit was added or taken in this month, besides what calls cost.
              </p>
            }
          />
        </Section>
      )}
      {statement.usage.map(({ by, lines }) => (
        <Section
          key={by}
          title={by === "model" ? "Calls by model" : `Calls by ${by}`}
          hint={
            by === "model" && (
              <>
                <Money dollars={statement.usage_total} as="total" /> in all
              </>
            )
          }
        >
          <DataTable
            label={`Calls by ${by}`}
            rows={lines}
            columns={USED}
            rowKey={lineKey}
            height="content"
            empty={
              <EmptyState title="No calls in this month">
                What calls cost stands here by model a moment after they end.
              </EmptyState>
            }
          />
        </Section>
      ))}
      {refunded && (
        <Refund account={account} movement={refunded} onClose={() => setRefunded(null)} />
      )}
    </>
  );
}

/** Whether a movement is a payment that can go back. */
const isPayment = ({ kind, id }: Movement) => kind === "purchases" && id.startsWith("stripe/");

/** Only lines on which something moved: a month has fourteen. */
function Balance({ statement }: { statement: Statement }) {
  const moved = (lines: Statement["balance"]) => lines.filter(({ amount }) => Number(amount) !== 0);
  const beside = moved(statement.beside_balance);
  return (
    <Section title="Balance">
      <table className="w-full max-w-140">
        <caption className="sr-only">Balance of the month</caption>
        <tbody>
          <Line name="At the beginning" amount={statement.opening_balance} />
          {moved(statement.balance).map(({ name, amount }) => (
            <Line key={name} name={lineName(name)} amount={amount} part />
          ))}
          <Line
            name={statement.number ? "At the end" : "Now"}
            amount={statement.closing_balance}
            strong
          />
          {beside.length > 0 && (
            <tr>
              <th
                scope="rowgroup"
                colSpan={2}
                className="pt-3 text-left text-label font-normal text-muted"
              >
                Beside the balance
              </th>
            </tr>
          )}
          {beside.map(({ name, amount }) => (
            <Line key={name} name={lineName(name)} amount={amount} part />
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Line({
  name,
  amount,
  part = false,
  strong = false,
}: {
  name: string;
  amount: string;
  part?: boolean;
  strong?: boolean;
}) {
  return (
    <tr className={strong ? "border-t border-line-strong font-semibold" : "border-b"}>
      <th
        scope="row"
        className={`h-8 text-left ${strong ? "" : "font-normal"} ${part ? "pl-4" : ""}`}
      >
        {name}
      </th>
      <td className="text-right">
        <data value={amount}>{exact(amount)}</data>
      </td>
    </tr>
  );
}

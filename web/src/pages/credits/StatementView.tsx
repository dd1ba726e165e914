import { useState } from "react";
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
import type { Movement, Statement } from "./queries";
import { Refund } from "./Refund";
import { lineName } from "./words";

type UsageLine = Statement["usage"][number]["lines"][number];

const MOVED: readonly Column<Movement>[] = [
  {
    id: "at",
    header: "Time",
    width: 150,
    rank: 2,
    cell: ({ at }) => (
      <span className="font-mono text-label">
        <Time at={at} />
      </span>
    ),
  },
  {
    id: "kind",
    header: "Movement",
    width: 140,
    grow: 2,
    rank: 0,
    cell: ({ kind }) => lineName(kind),
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
    cell: ({ id, reference }) => <code className="font-mono text-label">{reference ?? id}</code>,
  },
  {
    id: "amount",
    header: "Amount",
    width: 100,
    rank: 0,
    align: "right",
    cell: ({ amount }) => <Money dollars={amount} as="amount" />,
  },
];

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

/** A month as a ledger: what was there, what came and went, what is there. Nothing is added up here. */
export function StatementView({ account, statement }: { account: string; statement: Statement }) {
  const session = useSession();
  const { billing } = session.installation;
  const [refunded, setRefunded] = useState<Movement | null>(null);
  const writes = billing && may(session, "money", "write");
  const columns: readonly Column<Movement>[] = writes
    ? [
        ...MOVED,
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
    : MOVED;
  const { movements } = statement;
  return (
    <>
      {billing && <Balance statement={statement} />}
      {(billing || movements.length > 0) && (
        <Section title="What was entered" hint="by people, payments and plans">
          <DataTable
            label="Movements"
            rows={movements}
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

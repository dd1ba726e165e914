import { useQuery } from "@tanstack/react-query";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Section } from "~/components/Page";
import { Select } from "~/components/Select";
import { duration, percent, quantity, whole } from "~/format";
import { oneOf, useUrlState } from "~/url/state";
import { type Arm, experimentsQuery } from "./queries";

const share = (part: number, all: number) => percent(all > 0 ? part / all : null);

const COLUMNS: readonly Column<Arm>[] = [
  {
    id: "name",
    header: "Arm",
    width: 110,
    grow: 3,
    rank: 0,
    cell: ({ name }) => <span className="font-medium">{name}</span>,
  },
  {
    id: "calls",
    header: "Calls",
    width: 70,
    rank: 0,
    align: "right",
    cell: (it) => whole(it.calls),
  },
  {
    id: "failed",
    header: "Failed",
    width: 70,
    rank: 1,
    align: "right",
    cell: (it) => share(it.failed, it.calls),
  },
  {
    id: "feedback",
    header: "Complaints",
    width: 90,
    rank: 3,
    align: "right",
    cell: (it) => whole(it.feedback),
  },
  {
    id: "first",
    header: "First token",
    width: 90,
    rank: 4,
    align: "right",
    cell: (it) => duration(it.latency_ms),
  },
  {
    id: "whole",
    header: "Duration",
    width: 90,
    rank: 5,
    align: "right",
    cell: (it) => duration(it.generation_time_ms),
  },
  {
    id: "tokens",
    header: "Tokens out",
    width: 90,
    rank: 6,
    align: "right",
    cell: (it) => quantity(it.completion_tokens),
  },
  {
    id: "cost",
    header: "Cost",
    width: 90,
    rank: 2,
    align: "right",
    cell: (it) => <Money dollars={it.cost} as="total" />,
  },
];

const keyOf = ({ name }: Arm) => name;
const DAYS = oneOf(["1", "7", "30"] as const, "7");

/** What came of the arms of each rule with a split. */
export function Experiments() {
  const [days, setDays] = useUrlState("days", DAYS);
  const { data, error, isPending, refetch } = useQuery(experimentsQuery(Number(days)));
  if (isPending) return <Loading label="Experiments" rows={6} />;
  if (error && !data) {
    return (
      <ErrorPanel
        what="The experiments can't be read"
        error={error}
        onRetry={() => void refetch()}
      />
    );
  }
  return (
    <>
      <div className="mb-4 w-44">
        <Select
          label="Days"
          options={[
            { value: "1", label: "Last 24 hours" },
            { value: "7", label: "Last 7 days" },
            { value: "30", label: "Last 30 days" },
          ]}
          value={days}
          onChange={setDays}
        />
      </div>
      {data?.length === 0 && (
        <EmptyState title="No experiment ran in this time">
          A rule with <code className="font-mono text-label">split</code> gives each user, session
          or key one of several arms. What its arms cost, how fast they were and how often they
          failed stands here.
        </EmptyState>
      )}
      {data?.map(({ name, arms }) => (
        <Section key={name} title={name}>
          <DataTable
            label={`Arms of ${name}`}
            rows={arms}
            columns={COLUMNS}
            rowKey={keyOf}
            height="content"
          />
        </Section>
      ))}
    </>
  );
}

import type { Batch } from "~/api/batches";
import { classes } from "~/components/classes";
import type { Column } from "~/components/columns";
import { Money } from "~/components/Money";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { UNKNOWN, whole } from "~/format";
import { countWords, STATUS_WORDS, shareDone, toneOf } from "./words";

/** How far a batch has come: what failed of it is red, and the words say the same. */
export function Progress({ batch }: { batch: Batch }) {
  const { total, failed } = batch.request_counts;
  const share = (part: number) => `${total > 0 ? (part / total) * 100 : 0}%`;
  const words = countWords(batch);
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <span
        role="meter"
        aria-label="Requests done"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(shareDone(batch) * 100)}
        aria-valuetext={words}
        className="flex h-1.5 w-16 shrink-0 overflow-hidden bg-line"
      >
        <span
          className="block h-full bg-text"
          style={{ width: share(batch.request_counts.completed) }}
        />
        <span className="block h-full bg-bad" style={{ width: share(failed) }} />
      </span>
      <span className="truncate" title={words}>
        {words}
      </span>
    </span>
  );
}

export function BatchState({ batch }: { batch: Batch }) {
  return <Status tone={toneOf(batch)}>{STATUS_WORDS[batch.status]}</Status>;
}

export const COLUMNS: readonly Column<Batch>[] = [
  {
    id: "created",
    header: "Submitted",
    width: 92,
    rank: 0,
    cell: ({ created_at }) => <Time at={created_at} relative />,
  },
  {
    id: "status",
    header: "Status",
    width: 112,
    rank: 0,
    cell: (batch) => <BatchState batch={batch} />,
  },
  {
    id: "model",
    header: "Model",
    width: 140,
    grow: 3,
    rank: 2,
    cell: ({ model }) => <span title={model}>{model}</span>,
  },
  {
    id: "progress",
    header: "Requests",
    width: 200,
    grow: 3,
    rank: 3,
    cell: (batch) => <Progress batch={batch} />,
  },
  {
    id: "failed",
    header: "Failed",
    width: 56,
    align: "right",
    rank: 5,
    cell: ({ request_counts: { failed } }) => (
      <span className={classes(failed > 0 ? "text-bad" : "text-muted")}>{whole(failed)}</span>
    ),
  },
  {
    id: "provider",
    header: "Provider",
    width: 88,
    grow: 1,
    rank: 7,
    cell: ({ provider }) => provider ?? UNKNOWN,
  },
  {
    id: "id",
    header: "Id",
    width: 120,
    grow: 1,
    rank: 8,
    cell: ({ id }) => (
      <code className="font-mono text-label text-muted" title={id}>
        {id}
      </code>
    ),
  },
  {
    id: "ended",
    header: "Ended",
    width: 92,
    rank: 6,
    cell: ({ finalized_at }) =>
      finalized_at === null ? UNKNOWN : <Time at={finalized_at} relative />,
  },
  {
    id: "cost",
    header: "Cost",
    width: 84,
    align: "right",
    rank: 1,
    cell: ({ usage }) => (usage ? <Money dollars={usage.cost} /> : UNKNOWN),
  },
];

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import {
  type Batch,
  batchAddress,
  batchQuery,
  cancelBatch,
  deleteBatch,
  hasEnded,
} from "~/api/batches";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button, buttonClass } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import { ConfirmDialog } from "~/components/Dialog";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { type Fact, Facts } from "~/components/Facts";
import { Loading } from "~/components/Loading";
import { Money } from "~/components/Money";
import { Sheet } from "~/components/Sheet";
import { Time } from "~/components/Time";
import { useToast } from "~/components/Toast";
import { Tokens } from "~/components/Tokens";
import { UNKNOWN, whole } from "~/format";
import { BatchState, Progress } from "./columns";
import { Results } from "./Results";

interface BatchSheetProps {
  id: string;
  /** The batch of the list; one that is not there is asked for. */
  listed: Batch | null;
  onClose: () => void;
}

/** One batch: how far it is, what it cost, what came of it, and its end. */
export function BatchSheet({ id, listed, onClose }: BatchSheetProps) {
  const session = useSession();
  const single = useQuery({ ...batchQuery(id), enabled: listed === null });
  const [asked, setAsked] = useState<"cancel" | "delete" | null>(null);
  const batch = listed ?? single.data ?? null;
  const ends = may(session, "routing", "write");
  const cancelling = batch?.status === "cancelling";
  return (
    <Sheet
      open
      onClose={onClose}
      title={batch?.model ?? "Batch"}
      subtitle={
        <span className="flex flex-wrap items-center gap-x-4">
          {batch && <BatchState batch={batch} />}
          <CopyField label="Batch id" value={id} labelled={false} />
        </span>
      }
      footer={
        batch && (
          <>
            {hasEnded(batch) && batch.status !== "failed" && (
              <a href={batchAddress(id)} download={`${id}.json`} className={buttonClass()}>
                <Download aria-hidden className="size-4" />
                Download results
              </a>
            )}
            <ApiCall method="GET" path={`/batches/${id}`} />
            <span className="ml-auto" />
            {ends && !hasEnded(batch) && (
              <Button
                variant="danger"
                disabled={cancelling || batch.status === "finalizing"}
                onClick={() => setAsked("cancel")}
              >
                {cancelling ? "Being cancelled" : "Cancel batch"}
              </Button>
            )}
            {ends && hasEnded(batch) && (
              <Button variant="danger" onClick={() => setAsked("delete")}>
                Delete
              </Button>
            )}
          </>
        )
      }
    >
      {batch ? (
        <Details batch={batch} ends={ends} />
      ) : single.error ? (
        <ErrorPanel
          what="The batch can't be read"
          error={single.error}
          onRetry={() => void single.refetch()}
        />
      ) : single.data === null ? (
        <EmptyState title="No such batch">
          It was deleted, is older than batches are kept, or belongs to a workspace that you don't
          reach.
        </EmptyState>
      ) : (
        <Loading label="Batch" />
      )}
      {batch && asked && (
        <AskEnd
          key={asked}
          act={asked}
          batch={batch}
          onClose={() => setAsked(null)}
          onDeleted={onClose}
        />
      )}
    </Sheet>
  );
}

function Details({ batch, ends }: { batch: Batch; ends: boolean }) {
  const { usage, request_counts: counts } = batch;
  const open = counts.total - counts.completed - counts.failed;
  const facts: (Fact | null)[] = [
    ["Requests", <Progress key="progress" batch={batch} />],
    ["Answered", whole(counts.completed)],
    [
      "Failed",
      <span key="failed" className={counts.failed > 0 ? "text-bad" : ""}>
        {whole(counts.failed)}
      </span>,
    ],
    open > 0 ? ["Without an outcome", whole(open)] : null,
    ["Cost", usage ? <Money key="cost" dollars={usage.cost} as="total" /> : UNKNOWN],
    usage
      ? [
          "Tokens",
          <Tokens key="tokens" input={usage.prompt_tokens} output={usage.completion_tokens} />,
        ]
      : null,
    usage?.is_byok ? ["Paid by", "your own keys at providers"] : null,
    ["Model", batch.model],
    [
      "Answers",
      <code key="endpoint" className="font-mono text-label">
        {batch.endpoint}
      </code>,
    ],
    ["Provider", batch.provider ?? UNKNOWN],
    ["Submitted", <Time key="created" at={batch.created_at} />],
    batch.finalized_at === null
      ? ["Given up at", <Time key="expires" at={batch.expires_at} />]
      : ["Ended", <Time key="ended" at={batch.finalized_at} />],
  ];
  return (
    <>
      {batch.error && (
        <div role="alert" className="mb-4 border-l-2 border-bad py-1 pl-4">
          <p className="font-semibold">No request was answered</p>
          <p className="break-words text-muted">{batch.error.message}</p>
        </div>
      )}
      <Facts facts={facts} />
      {!ends && !hasEnded(batch) && (
        <p className="pt-3 text-muted">
          An owner or admin can cancel it here; so can whoever has the key that submitted it, by the
          API.
        </p>
      )}
      {hasEnded(batch) && <Results batch={batch} />}
    </>
  );
}

interface AskEndProps {
  act: "cancel" | "delete";
  batch: Batch;
  onClose: () => void;
  onDeleted: () => void;
}

/** Asks whether a batch shall end, or go, and says what that costs. */
function AskEnd({ act, batch, onClose, onDeleted }: AskEndProps) {
  const queries = useQueryClient();
  const toast = useToast();
  const { completed, failed, total } = batch.request_counts;
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      if (act === "cancel") await cancelBatch(batch.id);
      else await deleteBatch(batch.id);
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["batches"] });
      onClose();
      if (act === "delete") {
        toast("Batch deleted");
        onDeleted();
      }
    },
  });
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={act === "cancel" ? "Cancel this batch?" : "Delete this batch?"}
      act={act === "cancel" ? "Cancel batch" : "Delete batch"}
      {...(act === "cancel" ? { dismiss: "Let it go on" } : {})}
      onConfirm={() => mutate()}
      busy={isPending}
      error={error}
    >
      {act === "cancel"
        ? `${whole(total - completed - failed)} of ${whole(total)} requests to ${batch.model} have no outcome yet. No further one is begun; those under way are still answered and charged, and what is answered stays.`
        : `The results of ${whole(total)} requests to ${batch.model} go with it. Records of its calls stay in the log. This can't be undone.`}
    </ConfirmDialog>
  );
}

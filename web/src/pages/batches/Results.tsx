import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Batch, type BatchResult, batchQuery } from "~/api/batches";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Status } from "~/components/Status";
import { whole } from "~/format";

/** Results come all at once: of larger batches they are for programs. */
const SHOWN_MAX = 2_000;
/** So many are listed, those that failed first. */
const LISTED_MAX = 100;

/** What came of each request, once somebody asks. */
export function Results({ batch }: { batch: Batch }) {
  const [shown, setShown] = useState(false);
  const { total } = batch.request_counts;
  if (batch.status === "failed") return null;
  return (
    <section className="mt-6" aria-label="Results">
      <h3 className="mb-2 font-semibold">Results</h3>
      {total > SHOWN_MAX ? (
        <p className="text-muted">
          {whole(total)} results are too many to be listed. Download them.
        </p>
      ) : shown ? (
        <List id={batch.id} />
      ) : (
        <Button onClick={() => setShown(true)}>List {whole(total)} results</Button>
      )}
    </section>
  );
}

function List({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(batchQuery(id));
  if (error && !data) {
    return (
      <ErrorPanel what="The results can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  const all = data?.results;
  if (!all) return <Loading label="Results" rows={4} />;
  const failed = all.filter(({ error: failure }) => failure !== null);
  const listed = [...failed, ...all.filter(({ error: failure }) => failure === null)];
  return (
    <>
      <ul className="border-t">
        {listed.slice(0, LISTED_MAX).map((result) => (
          <Result key={result.id} result={result} />
        ))}
      </ul>
      {listed.length > LISTED_MAX && (
        <p className="pt-2 text-muted">
          {whole(LISTED_MAX)} of {whole(listed.length)}, those that failed first. The download has
          all.
        </p>
      )}
    </>
  );
}

function Result({ result: { custom_id, response, error } }: { result: BatchResult }) {
  const seesLog = may(useSession(), "usage");
  return (
    <li className="flex min-h-8 flex-wrap items-center gap-x-4 border-b py-1">
      <span className="min-w-0 flex-1 truncate font-mono text-label" title={custom_id}>
        {custom_id}
      </span>
      {response ? (
        seesLog ? (
          <Link
            to="/logs"
            search={{ q: response.request_id, open: response.request_id, range: "30d" }}
            className="text-accent hover:underline"
          >
            Its call
          </Link>
        ) : (
          <Status tone="good">answered</Status>
        )
      ) : (
        <Status tone="bad">{error?.code ?? error?.type ?? "failed"}</Status>
      )}
      {error && <p className="w-full break-words text-muted">{error.message}</p>}
    </li>
  );
}

import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, client } from "~/api/client";
import { ApiError, worthRetrying } from "~/api/error";
import { buttonClass } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import { Dialog } from "~/components/Dialog";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { Status, type Tone } from "~/components/Status";
import { cost, duration, percent, UNKNOWN } from "~/format";
import { type Candidate, candidatesOf, type GenerationRecord, sentenceOf } from "./why";

/** A record is written when its call has ended, which may be a moment ago. */
const TRIES = 6;

const generationQuery = (id: string) =>
  queryOptions({
    queryKey: ["generation", id],
    queryFn: async ({ signal }): Promise<GenerationRecord> =>
      (await answer(client.GET("/api/v1/generation", { params: { query: { id } }, signal }))).data,
    retry: (failures, error) =>
      failures < TRIES &&
      (worthRetrying(error) || (error instanceof ApiError && error.status === 404)),
    retryDelay: 400,
    staleTime: 300_000,
  });

/** Why a call went where it went, as its record has it. */
export interface WhyDialogProps {
  title: string;
  generation: string;
  onClose: () => void;
}

export function WhyDialog({ title, generation, onClose }: WhyDialogProps) {
  const { data, error, isPending, refetch } = useQuery(generationQuery(generation));
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      wide
      actions={
        <Link to="/logs" search={{ open: generation }} className={buttonClass()}>
          Open in the log
        </Link>
      }
    >
      {error ? (
        <ErrorPanel what="The record can't be read" error={error} onRetry={refetch} />
      ) : isPending ? (
        <Loading label="Record" rows={4} />
      ) : (
        <Why record={data} />
      )}
      <p className="mt-4">
        <CopyField label="Generation" value={generation} />
      </p>
    </Dialog>
  );
}

function Why({ record }: { record: GenerationRecord }) {
  const candidates = candidatesOf(record);
  return (
    <>
      <p className="mb-4 text-read">{sentenceOf(record, candidates)}</p>
      {candidates.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <div className="overflow-x-auto" tabIndex={0}>
          <table className="w-full border-collapse">
            <thead>
              <tr className="border-b text-left text-label text-muted">
                <th scope="col" className="py-1 pr-4 font-medium">
                  Endpoint
                </th>
                <th scope="col" className="py-1 pr-4 font-medium">
                  Verdict
                </th>
                <th scope="col" className="py-1 pr-4 text-right font-medium whitespace-nowrap">
                  Cost, about
                </th>
                <th scope="col" className="py-1 pr-4 text-right font-medium whitespace-nowrap">
                  Chance
                </th>
                <th scope="col" className="py-1 text-right font-medium whitespace-nowrap">
                  First token
                </th>
              </tr>
            </thead>
            <tbody>
              {candidates.map((candidate) => (
                <tr key={candidate.id} className="border-b align-top">
                  <td className="min-w-28 py-1.5 pr-4 font-mono text-label break-words [overflow-wrap:anywhere]">
                    {candidate.id}
                  </td>
                  <td className="min-w-44 py-1.5 pr-4">
                    <Status tone={TONES[candidate.verdict]} wraps>
                      {candidate.words}
                    </Status>
                  </td>
                  <td className="py-1.5 pr-4 text-right whitespace-nowrap">
                    {candidate.price === null ? UNKNOWN : cost(candidate.price)}
                  </td>
                  <td className="py-1.5 pr-4 text-right whitespace-nowrap">
                    {percent(candidate.chance)}
                  </td>
                  <td className="py-1.5 text-right whitespace-nowrap">
                    {duration(candidate.firstTokenMs)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const TONES: Record<Candidate["verdict"], Tone> = {
  served: "good",
  failed: "bad",
  spare: "idle",
  left_out: "idle",
};

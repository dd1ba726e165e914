import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { type Byok, byokQuery, changeByok, providerKeysQuery } from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel, messageOf } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { useOpen } from "~/url/state";
import { ByokCard } from "./ByokCard";
import { ByokSheet, NEW } from "./ByokSheet";
import { type Lane, laneOf, type Move, moved } from "./lanes";

/** Keys of callers' own, in the lanes in which they are tried. */
export function ByokTab() {
  const session = useSession();
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useQuery(byokQuery);
  // Those that only own keys reach are in no list of providers that can be called.
  const known = useQuery({ ...providerKeysQuery, enabled: session.everywhere });
  const [open, setOpen] = useOpen();
  const move = useMutation({
    // One after another, so that none is lost where one fails.
    mutationFn: async ({ key, group, to }: { key: Byok; group: Byok[]; to: Move }) => {
      for (const { id, change } of moved(key, group, to)) await changeByok(id, change);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: byokQuery.queryKey }),
  });
  const mayWrite = may(session, "own_keys", "write");
  const name = (slug: string) => known.data?.find((one) => one.provider === slug)?.name ?? slug;
  const lanes = [laneOf(data ?? [], false), laneOf(data ?? [], true)] as const;
  const lane = (one: Lane) => (
    <Keys
      lane={one}
      nameOf={name}
      mayWrite={mayWrite}
      busy={move.isPending}
      onMove={(key, group, to) => move.mutate({ key, group, to })}
      onOpen={setOpen}
    />
  );
  if (error && !data) {
    return <ErrorPanel what="The keys can't be read" error={error} onRetry={refetch} />;
  }
  if (isPending) return <Loading label="Own keys" rows={5} rowHeight={48} />;
  const add = (
    <Button
      variant="primary"
      icon={<Plus aria-hidden className="size-4" />}
      onClick={() => setOpen(NEW)}
    >
      Add key
    </Button>
  );
  return (
    <>
      {data?.length === 0 ? (
        <EmptyState title="No own keys yet" action={mayWrite && add}>
          With a key of your own account at a provider, calls are billed there and cost nothing
          here. It is tried before the gateway's own keys, or only when those fail.
        </EmptyState>
      ) : (
        <div className="max-w-200">
          <div className="mb-3 flex items-center gap-3">
            <p className="text-muted">Calls try the lanes from top to bottom.</p>
            {mayWrite && <span className="ml-auto">{add}</span>}
          </div>
          {move.error && (
            <p role="alert" className="mb-3 text-bad">
              The key could not be moved: {messageOf(move.error)}
            </p>
          )}
          <LaneFrame title="Prioritised" hint="tried first">
            {lane(lanes[0])}
          </LaneFrame>
          <LaneFrame title="Gateway's keys" hint="tried next, ordered by routing">
            <p className="border-b py-2 text-muted">
              All endpoints that the gateway has keys for. A prioritised key that is always used
              keeps calls from those of its provider.
            </p>
          </LaneFrame>
          <LaneFrame title="Fallback" hint="tried when the others fail">
            {lane(lanes[1])}
          </LaneFrame>
        </div>
      )}
      <ByokSheet open={open} keys={data ?? []} onClose={() => setOpen(null)} onOpen={setOpen} />
    </>
  );
}

function LaneFrame({
  title,
  hint,
  children,
}: {
  title: string;
  hint: string;
  children: ReactNode;
}) {
  return (
    <section aria-label={title} className="mt-6 first-of-type:mt-0">
      <h2 className="border-b pb-1.5 font-semibold">
        {title}
        <span className="ml-2 font-normal text-muted">{hint}</span>
      </h2>
      {children}
    </section>
  );
}

interface KeysProps {
  lane: Lane;
  nameOf: (slug: string) => string;
  mayWrite: boolean;
  busy: boolean;
  onMove: (key: Byok, group: Byok[], to: Move) => void;
  onOpen: (id: string) => void;
}

function Keys({ lane, nameOf, mayWrite, busy, onMove, onOpen }: KeysProps) {
  if (lane.groups.length === 0) {
    return <p className="border-b py-2 text-muted">No keys in this lane.</p>;
  }
  return lane.groups.map(({ provider, keys }) => (
    <ul key={provider} aria-label={nameOf(provider)}>
      {keys.map((key, index) => (
        <ByokCard
          key={key.id}
          row={key}
          provider={nameOf(provider)}
          place={keys.length > 1 ? { at: index + 1, of: keys.length } : null}
          onOpen={() => onOpen(key.id)}
          onMove={mayWrite && !busy ? (to) => onMove(key, keys, to) : null}
        />
      ))}
    </ul>
  ));
}

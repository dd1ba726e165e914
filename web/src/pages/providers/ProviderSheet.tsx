import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { usableModelsQuery } from "~/api/model-queries";
import { keysChanged, type ProviderKey, removeProviderKey } from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { ConfirmDialog } from "~/components/Dialog";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Facts } from "~/components/Facts";
import { endpointState } from "~/components/health/endpoint-state";
import { UptimeStrip } from "~/components/health/UptimeStrip";
import { Loading } from "~/components/Loading";
import { GiveKey } from "~/components/provider-key/GiveKey";
import { isLocal, isReady, KeySource } from "~/components/provider-key/source";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { useToast } from "~/components/Toast";
import { uptime, whole } from "~/format";
import type { ProviderHealth, ProviderHistory } from "./rows";

export interface ProviderSheetProps {
  row: ProviderKey | null;
  health: ProviderHealth | undefined;
  did: ProviderHistory | undefined;
  onClose: () => void;
}

export function ProviderSheet({ row, health, did, onClose }: ProviderSheetProps) {
  return (
    <Sheet
      open={row !== null}
      onClose={onClose}
      title={row?.name ?? ""}
      subtitle={row && <code className="font-mono text-label">{row.provider}</code>}
    >
      {row && <Details key={row.provider} row={row} health={health} did={did} />}
    </Sheet>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-6 first:mt-0">
      <h3 className="mb-2 font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function Details({
  row,
  health,
  did,
}: Omit<ProviderSheetProps, "onClose" | "row"> & { row: ProviderKey }) {
  return (
    <>
      <Part title="Key">
        <Key row={row} />
      </Part>
      {(health || did) && (
        <Part title="Health">
          {did && (
            <div className="mb-3">
              <UptimeStrip
                title="All endpoints together, 24 hours"
                span={did.span}
                steps={did.steps}
              />
            </div>
          )}
          {health && <Health health={health} slug={row.provider} />}
        </Part>
      )}
      <Part title="Models">
        <Models row={row} />
      </Part>
    </>
  );
}

function Key({ row }: { row: ProviderKey }) {
  const session = useSession();
  const toast = useToast();
  const [giving, setGiving] = useState(false);
  const [warning, setWarning] = useState<string | null>(null);
  const [removing, setRemoving] = useState(false);
  const mayWrite = may(session, "own_keys", "write");
  const mine = row.added_by === session.user.id;
  const facts = (
    <Facts
      facts={[
        ["Used by calls", <KeySource key="source" row={row} />],
        row.added_at !== null
          ? ["Given", <Given key="given" at={row.added_at} mine={mine} />]
          : null,
        row.env.length > 0
          ? [
              "Looked for in",
              <span key="env" className="font-mono text-label">
                {row.env.join(", ")}
              </span>,
            ]
          : null,
      ]}
    />
  );
  const note = noteOf(row);
  return (
    <>
      {facts}
      {note && <div className="mt-3 text-muted">{note}</div>}
      {warning && (
        <p role="status" className="mt-3 text-warn">
          {warning}
        </p>
      )}
      {mayWrite && row.is_reachable && row.source !== "fixed" && !isLocal(row) && (
        <div className="mt-4">
          {giving || row.source === null ? (
            <GiveKey
              provider={row}
              act={isReady(row) ? "Replace key" : "Save key"}
              onGiven={(_, problem) => {
                setGiving(false);
                setWarning(problem);
                toast(`Calls use the new key at ${row.name}`);
              }}
              {...(giving ? { onCancel: () => setGiving(false) } : {})}
            />
          ) : (
            <div className="flex gap-2">
              <Button onClick={() => setGiving(true)}>
                {row.source === "dashboard" ? "Replace key" : "Give a key"}
              </Button>
              {row.source === "dashboard" && (
                <Button variant="danger" onClick={() => setRemoving(true)}>
                  Remove key
                </Button>
              )}
            </div>
          )}
        </div>
      )}
      <Removal row={row} open={removing} onClose={() => setRemoving(false)} />
    </>
  );
}

function Given({ at, mine }: { at: string; mine: boolean }) {
  return (
    <>
      <Time at={at} relative />
      {mine && ", by you"}
    </>
  );
}

/** Why a key can't be given here, or need not be, and what to do instead. */
function noteOf(row: ProviderKey): ReactNode {
  if (row.source === "fixed") {
    return (
      <>
        <code className="font-mono text-label">{row.origin}</code> comes first. Remove the key there
        to give one here.
      </>
    );
  }
  if (!row.is_reachable) {
    return (
      <>
        <p className="mb-2">
          Its address has parts that are not known. Set the variables that it is made of, or name
          the whole address in the configuration file:
        </p>
        <Code
          code={`[[provider]]\nslug     = "${row.provider}"\nbase_url = "https://…"`}
          language="toml"
        />
      </>
    );
  }
  if (isLocal(row) && row.source === null) {
    return (
      <>
        <p className="mb-2">
          It runs on a machine of yours and needs no key. Name it in the configuration file, and the
          gateway asks it which models it has:
        </p>
        <Code code={`[[provider]]\nslug = "${row.provider}"`} language="toml" />
      </>
    );
  }
  return null;
}

function Removal({ row, open, onClose }: { row: ProviderKey; open: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const toast = useToast();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => removeProviderKey(row.provider),
    onSuccess: () => {
      keysChanged(queries);
      toast(`Key at ${row.name} removed`);
      onClose();
    },
  });
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Remove the key at ${row.name}?`}
      act="Remove key"
      onConfirm={() => mutate()}
      busy={isPending}
      error={error}
    >
      {row.models > 0
        ? `${whole(row.models)} model${row.models === 1 ? " is" : "s are"} served there with it. Calls go to other providers of theirs, and fail where there are none.`
        : "No model is served there with it now."}{" "}
      The key itself can't be shown again.
    </ConfirmDialog>
  );
}

function Health({ health, slug }: { health: ProviderHealth; slug: string }) {
  return (
    <>
      <ul className="border-t">
        {health.endpoints.slice(0, 8).map((one) => {
          const state = endpointState(one);
          return (
            <li
              key={one.endpoint_id}
              className="grid min-h-8 grid-cols-[minmax(0,1fr)_auto_5rem] items-center gap-3 border-b"
            >
              <span className="truncate">{one.model_id}</span>
              <Status tone={state.tone}>{state.words}</Status>
              <span className="text-right">
                {uptime(one.uptime_last_1d === null ? null : one.uptime_last_1d / 100)}
              </span>
            </li>
          );
        })}
      </ul>
      <Link
        to="/status"
        search={{ provider: slug }}
        className="mt-2 inline-block text-accent underline"
      >
        All of its endpoints in Health
      </Link>
    </>
  );
}

const MODELS_SHOWN = 12;

/** Which models the provider serves here now. */
function Models({ row }: { row: ProviderKey }) {
  const { data, error, refetch, isPending } = useQuery({
    ...usableModelsQuery({ mine: false, providers: [row.provider] }),
    enabled: row.models > 0,
  });
  if (row.models === 0) {
    return (
      <p className="text-muted">
        {row.known_models > 0
          ? `With a key, ${whole(row.known_models)} models can be called here.`
          : "The catalogue knows no models of this provider. Rows in the configuration file add them."}
      </p>
    );
  }
  if (error && !data)
    return <ErrorPanel what="Its models can't be listed" error={error} onRetry={refetch} />;
  if (isPending) return <Loading label="Models" rows={4} />;
  return (
    <>
      <ul className="border-t">
        {data?.slice(0, MODELS_SHOWN).map((model) => (
          <li key={model.id} className="flex min-h-8 items-center border-b">
            <Link to={`/${model.id}`} className="truncate hover:underline">
              {model.id}
            </Link>
          </li>
        ))}
      </ul>
      <Link
        to="/models"
        search={{ provider: row.provider }}
        className="mt-2 inline-block text-accent underline"
      >
        {row.models > MODELS_SHOWN
          ? `All ${whole(row.models)} in Models`
          : "Compare them in Models"}
      </Link>
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { endpointHistoryQuery } from "~/api/endpoint-history";
import { healthQuery } from "~/api/health";
import { type ProviderKey, providerKeysQuery } from "~/api/provider-keys";
import { useSession } from "~/app/session";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { UptimeLine } from "~/components/health/UptimeStrip";
import { isReady, KeySource } from "~/components/provider-key/source";
import { Select } from "~/components/Select";
import { Status } from "~/components/Status";
import { UNKNOWN, whole } from "~/format";
import { oneOf, text, useOpen, useSearchParams, useUrlState } from "~/url/state";
import { ProviderSheet } from "./ProviderSheet";
import {
  HAS,
  healthByProvider,
  historyByProvider,
  type ProviderHealth,
  type ProviderHistory,
  shownProviders,
} from "./rows";

interface Row {
  key: ProviderKey;
  health: ProviderHealth | undefined;
  did: ProviderHistory | undefined;
}

const COLUMNS: Column<Row>[] = [
  {
    id: "name",
    header: "Provider",
    width: 140,
    grow: 3,
    rank: 0,
    cell: ({ key }) => (
      <>
        <span className="font-medium">{key.name}</span>
        <span className="ml-2 font-mono text-label text-muted">{key.provider}</span>
      </>
    ),
  },
  {
    id: "key",
    header: "Key",
    width: 150,
    grow: 2,
    rank: 0,
    cell: ({ key }) => <KeySource row={key} />,
  },
  {
    id: "models",
    header: "Models",
    width: 80,
    align: "right",
    rank: 2,
    cell: ({ key }) => <Models row={key} />,
  },
  {
    id: "health",
    header: "Health",
    width: 160,
    grow: 2,
    rank: 3,
    cell: ({ key, health }) => <Health health={health} ready={isReady(key)} />,
  },
  {
    id: "attempts",
    header: "Attempts, 30 min",
    width: 130,
    align: "right",
    rank: 4,
    cell: ({ health }) => (health ? whole(health.succeeded + health.failed) : UNKNOWN),
  },
  {
    id: "did",
    header: "Uptime, 24 hours",
    width: 200,
    grow: 2,
    rank: 5,
    cell: ({ key, did }) =>
      did ? (
        <span className="flex">
          <UptimeLine label={key.name} span={did.span} steps={did.steps} />
        </span>
      ) : (
        UNKNOWN
      ),
  },
];

function Models({ row }: { row: ProviderKey }) {
  if (row.models > 0) return whole(row.models);
  if (row.known_models === 0) return UNKNOWN;
  return (
    <span className="text-muted">
      <span aria-hidden>(</span>
      {whole(row.known_models)}
      <span className="sr-only"> with a key</span>
      <span aria-hidden>)</span>
    </span>
  );
}

function Health({ health, ready }: { health: ProviderHealth | undefined; ready: boolean }) {
  if (!health) return <span className="text-muted">{ready ? "Not called" : UNKNOWN}</span>;
  const { worst, count, endpoints } = health;
  const many = endpoints.length > 1 && worst.tone !== "good";
  return (
    <Status tone={worst.tone}>
      {worst.words}
      {many && ` (${whole(count)} of ${whole(endpoints.length)})`}
    </Status>
  );
}

const TEXT = text();
const HAS_CODEC = oneOf(HAS, "all");
const HAS_OPTIONS = [
  { value: "all", label: "All providers" },
  { value: "key", label: "With a key" },
  { value: "none", label: "Without" },
] as const;

/** The installation's keys, by provider. */
export function KeysTab() {
  const { everywhere } = useSession();
  const keys = useQuery({ ...providerKeysQuery, enabled: everywhere });
  const health = useQuery({ ...healthQuery(), enabled: everywhere });
  const { data: history } = useQuery({
    ...endpointHistoryQuery({ range: "24h" }),
    enabled: everywhere,
  });
  const [, change] = useSearchParams();
  const [wanted, setWanted] = useUrlState("q", TEXT);
  const [has, setHas] = useUrlState("has", HAS_CODEC);
  const [open, setOpen] = useOpen();
  const byProvider = useMemo(() => healthByProvider(health.data ?? []), [health.data]);
  const dids = useMemo(() => historyByProvider(history), [history]);
  const rows = useMemo(
    () =>
      shownProviders(keys.data ?? [], wanted, has).map((key) => ({
        key,
        health: byProvider.get(key.provider),
        did: dids.get(key.provider),
      })),
    [keys.data, wanted, has, byProvider, dids],
  );
  if (!everywhere) {
    return (
      <EmptyState title="These keys are for those who reach every workspace">
        You reach some workspaces only. Own keys of theirs are beside; an owner or admin can give
        the gateway's.
      </EmptyState>
    );
  }
  if (keys.error && !keys.data) {
    return (
      <ErrorPanel what="The providers can't be listed" error={keys.error} onRetry={keys.refetch} />
    );
  }
  const opened = keys.data?.find((row) => row.provider === open) ?? null;
  const ready = keys.data?.filter(isReady).length ?? 0;
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <input
          type="search"
          aria-label="Find a provider"
          placeholder="Find a provider"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          className={`${CONTROL} max-w-72`}
        />
        <div className="w-36">
          <Select label="Which providers" options={HAS_OPTIONS} value={has} onChange={setHas} />
        </div>
        {keys.data && (
          <p className="text-muted">
            {ready === 0
              ? "No provider has a key yet: choose one to give it."
              : `${whole(ready)} of ${whole(keys.data.length)} with a key`}
          </p>
        )}
      </div>
      <DataTable
        label="Providers"
        rows={rows}
        columns={COLUMNS}
        rowKey={(row) => row.key.provider}
        openKey={open}
        onOpen={setOpen}
        loading={keys.isPending}
        refreshing={keys.isFetching}
        empty={
          <EmptyState
            title="No provider matches"
            onClear={() => change({ q: undefined, has: undefined })}
          >
            Others that speak a known protocol go into the configuration file, as a{" "}
            <code className="font-mono text-label">[[provider]]</code>.
          </EmptyState>
        }
      />
      <ProviderSheet
        row={opened}
        health={opened ? byProvider.get(opened.provider) : undefined}
        did={opened ? dids.get(opened.provider) : undefined}
        onClose={() => setOpen(null)}
      />
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type SettingInForce, settingsQuery } from "~/api/settings";
import { ApiCall } from "~/components/ApiCall";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { Loading } from "~/components/Loading";
import { Section } from "~/components/Page";
import { Status } from "~/components/Status";
import { Switch } from "~/components/Switch";
import { flag, text, useUrlState } from "~/url/state";

const WANTED = text("");
const CHANGED = flag();

/** Every setting with its value and its origin; those that wait for a restart say so. */
export function InForce() {
  const { data, error, refetch } = useQuery(settingsQuery);
  const [wanted, setWanted] = useUrlState("q", WANTED);
  const [onlySet, setOnlySet] = useUrlState("set", CHANGED);
  const shown = useMemo(() => {
    const part = wanted.trim().toLowerCase();
    return (data ?? []).filter(
      (one) =>
        (!onlySet || one.origin !== "default" || one.after_restart !== null) &&
        `${one.name} ${one.value} ${one.origin}`.toLowerCase().includes(part),
    );
  }, [data, wanted, onlySet]);
  return (
    <Section title="In force" hint="secrets are hidden">
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-2">
        <input
          type="search"
          aria-label="Find a setting"
          placeholder="Find a setting"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          className={`${CONTROL} max-w-52`}
        />
        <Switch label="Without defaults" checked={onlySet} onChange={setOnlySet} />
        <span className="ml-auto" />
        <ApiCall method="GET" path="/settings" />
      </div>
      {error && !data ? (
        <ErrorPanel what="The settings can't be read" error={error} onRetry={refetch} />
      ) : !data ? (
        <Loading label="Settings" rows={10} />
      ) : shown.length === 0 ? (
        <EmptyState
          title="No setting matches"
          onClear={() => {
            setWanted("");
            setOnlySet(false);
          }}
        />
      ) : (
        <dl>
          {shown.map((one) => (
            <Row key={one.name} setting={one} />
          ))}
        </dl>
      )}
    </Section>
  );
}

function Row({ setting: { name, value, origin, after_restart } }: { setting: SettingInForce }) {
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-4 border-b py-1">
      <dt className="min-w-0 flex-1 basis-60">
        <code className="font-mono text-label break-all">{name}</code>
      </dt>
      <dd className="min-w-0 flex-1 basis-40 break-all">
        {value === "" ? <span className="text-muted">nothing</span> : value}
        {after_restart !== null && (
          <span className="block">
            <Status tone="warn">{after_restart} after a restart</Status>
          </span>
        )}
      </dd>
      <dd className="basis-32 text-right break-all text-muted">{origin}</dd>
    </div>
  );
}

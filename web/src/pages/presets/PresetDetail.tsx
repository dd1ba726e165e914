import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { ConfirmDialog } from "~/components/Dialog";
import { ErrorPanel, messageOf } from "~/components/ErrorPanel";
import { writeJson } from "~/components/JsonEditor";
import { Loading } from "~/components/Loading";
import { Section } from "~/components/Page";
import { Select } from "~/components/Select";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { PresetForm } from "./PresetForm";
import { type Preset, type PresetChange, presetVersionsQuery, requestOf } from "./queries";

const STATUSES = [
  { value: "active", label: "Active" },
  { value: "disabled", label: "Disabled: calls are refused" },
  { value: "archived", label: "Archived: no new versions either" },
] as const;

export interface PresetDetailProps {
  preset: Preset;
  writes: boolean;
  onGone: () => void;
}

/** A preset's versions, which of them calls get, and the request that makes the next. */
export function PresetDetail({ preset, writes, onGone }: PresetDetailProps) {
  const queries = useQueryClient();
  const { slug } = preset;
  const [shown, setShown] = useState<string | null>(null);
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const { data, error, isPending, refetch } = useQuery(presetVersionsQuery(slug));
  const params = { path: { slug } };
  const again = () => queries.invalidateQueries({ queryKey: ["presets"] });
  const change = useMutation({
    mutationFn: (body: PresetChange) =>
      answer(client.PATCH("/api/v1/presets/{slug}", { params, body })),
    onSuccess: again,
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/api/v1/presets/{slug}", { params }),
    onSuccess: async () => {
      onGone();
      // While the sheet closes nothing may ask for what is not there any more.
      await queries.invalidateQueries({ queryKey: ["presets", slug], refetchType: "none" });
      await queries.invalidateQueries({ queryKey: ["presets"], exact: true });
    },
  });
  if (isPending) return <Loading label="Versions" rows={4} />;
  if (error && !data) {
    return (
      <ErrorPanel what="The versions can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  const designated = preset.designated_version_id;
  const version = data?.find(({ id }) => id === (shown ?? designated)) ?? data?.[0];
  if (!version) return null;
  if (editing) {
    return (
      <PresetForm
        slug={slug}
        request={requestOf(version)}
        act="Save as a new version"
        onSaved={() => {
          setEditing(false);
          setShown(null);
        }}
      />
    );
  }
  return (
    <>
      <Section
        title={`Version ${version.version}`}
        hint={<Time at={version.created_at} />}
        actions={
          writes && (
            <>
              {version.id !== designated && (
                <Button
                  size="sm"
                  busy={change.isPending}
                  onClick={() => change.mutate({ designated_version: version.version })}
                >
                  Give it to calls
                </Button>
              )}
              {preset.status !== "archived" && (
                <Button size="sm" onClick={() => setEditing(true)}>
                  Edit
                </Button>
              )}
            </>
          )
        }
      >
        {version.system_prompt && (
          <p className="mb-3 border-l-2 pl-3 whitespace-pre-wrap">{version.system_prompt}</p>
        )}
        <Code code={writeJson(version.config)} language="json" />
        {change.error && (
          <p role="alert" className="mt-2 text-bad">
            {messageOf(change.error)}
          </p>
        )}
      </Section>
      <Section title="Versions">
        <ul aria-label="Versions">
          {data?.map((one) => (
            <li key={one.id}>
              <button
                type="button"
                aria-current={one.id === version.id || undefined}
                onClick={() => setShown(one.id)}
                className="flex min-h-8 w-full items-center gap-4 border-b px-2 text-left hover:bg-hover aria-[current=true]:bg-accent-soft"
              >
                <span className="w-8">{one.version}</span>
                <Time at={one.created_at} />
                {one.id === designated && (
                  <span className="ml-auto">
                    <Status tone="good">Calls get it</Status>
                  </span>
                )}
              </button>
            </li>
          ))}
        </ul>
      </Section>
      {writes && (
        <Section title="Status">
          <div className="flex flex-wrap items-center gap-2">
            <Select
              label="Status"
              options={STATUSES}
              value={preset.status}
              onChange={(status) => change.mutate({ status })}
              className="max-w-72"
            />
            <Button variant="danger" className="ml-auto" onClick={() => setDeleting(true)}>
              Delete preset
            </Button>
          </div>
        </Section>
      )}
      <ConfirmDialog
        open={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete the preset ${slug}?`}
        act="Delete preset"
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
        error={remove.error}
      >
        All its versions go. Calls that name it are answered with 404.
      </ConfirmDialog>
    </>
  );
}

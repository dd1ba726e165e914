import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useId, useMemo, useState } from "react";
import { modelsQuery, providersQuery } from "~/api/catalogue";
import { changeKey, createKey, type KeyRecord } from "~/api/keys";
import { may } from "~/api/session";
import { useZone } from "~/app/preferences";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { MultiCombobox } from "~/components/Combobox";
import { messageOf } from "~/components/ErrorPanel";
import { Field, type FieldErrors, Form, fieldErrors, Input, TextArea } from "~/components/Field";
import { Select } from "~/components/Select";
import { Sheet } from "~/components/Sheet";
import { useToast } from "~/components/Toast";
import { whole, zoneName } from "~/format";
import {
  BUDGETS,
  changeOf,
  type Draft,
  draftOf,
  type LimitName,
  newKeyOf,
  problemsOf,
  RATES,
  RATES_SHOWN,
  type Reset,
} from "./draft";
import { type NewSecret, secretOf } from "./SecretDialog";
import { useKeyActs } from "./use-key-acts";

const RESETS: readonly { value: Reset; label: string }[] = [
  { value: "never", label: "in all" },
  { value: "daily", label: "a day" },
  { value: "weekly", label: "a week" },
  { value: "monthly", label: "a month" },
];

export interface KeyFormProps {
  /** The key that is changed; null where one is made. */
  record: KeyRecord | null;
  /** The id of the workspace that a new key is for. */
  workspace: string;
  onClose: () => void;
  onCreated?: (secret: NewSecret) => void;
  onSaved?: (record: KeyRecord) => void;
}

/** Making and changing a key are one form, and one body of the API. */
export function KeyForm({ record, workspace, onClose, onCreated, onSaved }: KeyFormProps) {
  const [zone] = useZone();
  const toast = useToast();
  const session = useSession();
  const { refresh } = useKeyActs();
  const before = useMemo(() => draftOf(record, workspace, zone), [record, workspace, zone]);
  const [draft, setDraft] = useState<Draft>(before);
  const [tried, setTried] = useState(false);
  const formId = useId();
  const problems = problemsOf(draft);
  const set = (change: Partial<Draft>) => setDraft((now) => ({ ...now, ...change }));
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      if (record) return onSaved?.(await changeKey(record.hash, changeOf(draft, before)));
      onCreated?.(secretOf(await createKey(newKeyOf(draft, zone))));
    },
    onSuccess: () => {
      if (record) toast(`${draft.name} saved`);
      refresh();
    },
  });
  const refused = fieldErrors(error);
  const save = () => {
    setTried(true);
    if (Object.keys(problems).length === 0) mutate();
  };
  const parts: PartProps = {
    draft,
    set,
    problems: tried ? problems : {},
    fixed: record !== null,
    zoneWords: zoneName(zone),
  };
  return (
    <Sheet
      open
      modal
      onClose={onClose}
      title={record ? `Edit ${record.name}` : "Create a key"}
      footer={
        <>
          <Button type="submit" form={formId} variant="primary" busy={isPending}>
            {record ? "Save" : "Create key"}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <span className="ml-auto" />
          {record ? (
            <ApiCall method="PATCH" path={`/keys/${record.hash}`} body={changeOf(draft, before)} />
          ) : (
            <ApiCall method="POST" path="/keys" body={newKeyOf(draft, zone)} />
          )}
        </>
      }
    >
      <Form
        id={formId}
        label={record ? `Key ${record.name}` : "New key"}
        errors={refused}
        onSubmit={save}
      >
        {record && !may(session, "keys", "write") && (
          <p className="text-muted">
            Your own key can be made stricter here, not looser, unless you are an admin of its
            workspace.
          </p>
        )}
        <Basics {...parts} />
        <Rates {...parts} />
        <Reach {...parts} />
        {error && Object.keys(refused).length === 0 && (
          <p role="alert" className="text-bad">
            {messageOf(error)}
          </p>
        )}
      </Form>
    </Sheet>
  );
}

interface PartProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  problems: FieldErrors;
  /** Whether the key exists: some of it stays as it was made. */
  fixed: boolean;
  zoneWords: string;
}

const erring = (problem: string | undefined) => (problem === undefined ? {} : { error: problem });

function Basics({ draft, set, problems, fixed }: PartProps) {
  const { workspaces } = useSession();
  const byok = useId();
  return (
    <>
      <Field name="name" label="Name" hint="Usually that of the app that uses it">
        <Input
          required
          maxLength={200}
          autoComplete="off"
          value={draft.name}
          onValueChange={(name) => set({ name })}
        />
      </Field>
      {workspaces.length > 1 && (
        <Field
          name="workspace_id"
          label="Workspace"
          {...(fixed
            ? { hint: "A key stays in its workspace. Make another in the other one." }
            : {})}
        >
          <Select
            value={draft.workspace}
            onChange={(workspace) => set({ workspace })}
            disabled={fixed}
            options={workspaces.map(({ id, name }) => ({ value: id, label: name }))}
          />
        </Field>
      )}
      <div className="grid grid-cols-2 items-start gap-3">
        <Field name="limit" label="Limit in US dollars" optional {...erring(problems.limit)}>
          <Input
            inputMode="decimal"
            autoComplete="off"
            placeholder="none"
            value={draft.limit}
            onValueChange={(limit) => set({ limit: limit.trim() })}
          />
        </Field>
        <Field
          name="limit_reset"
          label="It holds"
          {...(draft.limit === "" ? { hint: "Needs a limit" } : {})}
        >
          <Select
            value={draft.reset}
            onChange={(reset) => set({ reset })}
            disabled={draft.limit === ""}
            options={RESETS}
          />
        </Field>
      </div>
      <label htmlFor={byok} className="flex min-h-8 items-center gap-2">
        <input
          id={byok}
          type="checkbox"
          className="size-4"
          checked={draft.byok}
          disabled={draft.limit === ""}
          onChange={(event) => set({ byok: event.target.checked })}
        />
        <span>
          Count calls by your own keys at providers, too
          {draft.limit === "" && <span className="text-muted"> (needs a limit)</span>}
        </span>
      </label>
    </>
  );
}

function Rates(props: PartProps) {
  const { draft } = props;
  const folded = [...RATES.slice(RATES_SHOWN), ...BUDGETS];
  const used = folded.some(({ name }) => draft.limits[name]);
  return (
    <Part title="How often and how much">
      <div className="grid grid-cols-2 items-start gap-3">
        {RATES.slice(0, RATES_SHOWN).map((rate) => (
          <LimitField key={rate.name} {...rate} {...props} />
        ))}
      </div>
      <details open={used}>
        <summary className="min-h-8 cursor-pointer py-1.5 text-muted hover:text-text">
          More limits
        </summary>
        <div className="grid grid-cols-2 items-start gap-3 pt-2">
          {folded.map((rate) => (
            <LimitField key={rate.name} {...rate} {...props} />
          ))}
        </div>
      </details>
    </Part>
  );
}

function LimitField({
  name,
  label,
  draft,
  set,
  problems,
}: PartProps & { name: LimitName; label: string }) {
  return (
    <Field name={name} label={label} {...erring(problems[name])}>
      <Input
        inputMode="decimal"
        autoComplete="off"
        placeholder="none of its own"
        value={draft.limits[name] ?? ""}
        onValueChange={(text) => set({ limits: { ...draft.limits, [name]: text.trim() } })}
      />
    </Field>
  );
}

function Reach({ draft, set, fixed, zoneWords }: PartProps) {
  const { data: models = [] } = useQuery(modelsQuery);
  const { data: providers = [] } = useQuery(providersQuery);
  const modelOptions = useMemo(() => models.map(({ id }) => ({ value: id, label: id })), [models]);
  const providerOptions = useMemo(
    () => providers.map(({ slug, name }) => ({ value: slug, label: name })),
    [providers],
  );
  return (
    <Part title="What for, and from where">
      <Field
        name="allowed_models"
        label="Models"
        hint={
          draft.models.length === 0
            ? `All ${whole(models.length)}. Choose some to allow these only.`
            : `${whole(draft.models.length)} of ${whole(models.length)}.`
        }
      >
        <MultiCombobox
          label="Models"
          placeholder="All models"
          options={modelOptions}
          value={draft.models}
          onChange={(chosen) => set({ models: chosen })}
        />
      </Field>
      <Field name="allowed_providers" label="Providers">
        <MultiCombobox
          label="Providers"
          placeholder="All providers"
          options={providerOptions}
          value={draft.providers}
          onChange={(chosen) => set({ providers: chosen })}
        />
      </Field>
      <Field
        name="allowed_addresses"
        label="Addresses"
        optional
        hint="One on each line, or a range such as 10.0.0.0/8. From elsewhere it opens nothing."
      >
        <TextArea
          rows={2}
          spellCheck={false}
          placeholder="everywhere"
          className="font-mono"
          value={draft.addresses}
          onChange={(event) => set({ addresses: event.target.value })}
        />
      </Field>
      <Field
        name="expires_at"
        label="Ends"
        optional
        hint={
          fixed
            ? "When a key ends is set when it is made. Make another, or disable this one."
            : `By the clock of ${zoneWords}. Without it, it never ends.`
        }
      >
        <Input
          type="datetime-local"
          disabled={fixed}
          value={draft.expires}
          onValueChange={(expires) => set({ expires })}
        />
      </Field>
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="flex flex-col gap-4 border-t pt-4">
      <legend className="sr-only">{title}</legend>
      <p aria-hidden className="font-semibold">
        {title}
      </p>
      {children}
    </fieldset>
  );
}

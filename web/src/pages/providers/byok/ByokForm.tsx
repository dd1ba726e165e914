import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { providersQuery } from "~/api/catalogue";
import { usableModelsQuery } from "~/api/model-queries";
import {
  addByok,
  type Byok,
  type ByokChange,
  changeByok,
  keysChanged,
  type NewByok,
  providerKeysQuery,
} from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Combobox, MultiCombobox } from "~/components/Combobox";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input } from "~/components/Field";
import { PasswordInput } from "~/components/PasswordInput";
import { recognised } from "~/components/provider-key/recognise";
import { RadioGroup } from "~/components/RadioGroup";
import { Select } from "~/components/Select";
import { Switch } from "~/components/Switch";
import { keyNamesQuery } from "./key-names";

export interface ByokFormProps {
  /** Null for one that is added. */
  row: Byok | null;
  onSaved: (saved: Byok, warning: string | null) => void;
}

const LANES = [
  { value: "first", label: "Prioritised", hint: "tried before the gateway's keys" },
  { value: "fallback", label: "Fallback", hint: "tried when the others fail" },
] as const;
const EVERY = "every";

/** Everything that a key of one's own says. */
export function ByokForm({ row, onSaved }: ByokFormProps) {
  const session = useSession();
  const queries = useQueryClient();
  const { everywhere, workspaces } = session;
  const [provider, setProvider] = useState<string | null>(row?.provider ?? null);
  const [secret, setSecret] = useState("");
  const [workspace, setWorkspace] = useState(everywhere ? EVERY : (workspaces[0]?.id ?? EVERY));
  const [lane, setLane] = useState<"first" | "fallback">(row?.is_fallback ? "fallback" : "first");
  const [always, setAlways] = useState(row?.always_use ?? false);
  const [disabled, setDisabled] = useState(row?.disabled ?? false);
  const [models, setModels] = useState<string[] | null>(row?.allowed_models ?? null);
  const [hashes, setHashes] = useState<string[] | null>(row?.allowed_api_key_hashes ?? null);
  const [untested, setUntested] = useState(false);
  const { mutate, isPending, error } = useMutation({
    mutationFn: (name: string) => {
      const shared = {
        name: name.trim() === "" ? null : name.trim(),
        disabled,
        is_fallback: lane === "fallback",
        always_use: lane === "first" && always,
        allowed_models: models,
        allowed_api_key_hashes: hashes,
        ...(untested ? { skip_test: true } : {}),
      };
      const key = secret.trim();
      if (row) {
        const change: ByokChange = { ...shared, ...(key === "" ? {} : { key }) };
        return changeByok(row.id, change);
      }
      const added: NewByok = {
        ...shared,
        provider: provider ?? "",
        key,
        workspace_id: workspace === EVERY ? null : workspace,
      };
      return addByok(added);
    },
    onSuccess: ({ data, warning }) => {
      keysChanged(queries);
      onSaved(data, warning ?? null);
    },
  });
  const named = fieldErrors(error);
  const refused = error !== null && /refuse/i.test(messageOf(error));
  const noKeys = hashes?.length === 0;
  return (
    <Form
      label={row ? "Change this key" : "Add a key of your own"}
      errors={named}
      onSubmit={({ name = "" }) => mutate(name)}
    >
      {!row && <ProviderChoice value={provider} onChange={setProvider} />}
      <Field
        name="key"
        label={row ? "Another secret" : "Key"}
        optional={row !== null}
        hint={
          row
            ? "Takes the place of the old one; leave it empty to keep that"
            : "Kept sealed, and shown to nobody again. It is tried when you save."
        }
      >
        <PasswordInput
          autoComplete="off"
          required={row === null}
          value={secret}
          className="font-mono"
          onValueChange={(text) => {
            setSecret(text);
            const known = recognised(text);
            if (!row && provider === null && known) setProvider(known);
          }}
        />
      </Field>
      <Field name="name" label="Name" optional hint="For people">
        <Input defaultValue={row?.name ?? ""} maxLength={255} autoComplete="off" />
      </Field>
      {!row && workspaces.length > 1 && (
        <Field name="workspace_id" label="Workspace">
          <Select
            value={workspace}
            onChange={setWorkspace}
            options={[
              ...(everywhere ? [{ value: EVERY, label: "Every workspace" }] : []),
              ...workspaces.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
        </Field>
      )}
      <RadioGroup label="Lane" options={LANES} value={lane} onChange={setLane} />
      {lane === "first" && (
        <Switch
          label="Always use it"
          hint="The gateway's own keys at this provider are not tried at all"
          checked={always}
          onChange={setAlways}
        />
      )}
      <Bound
        label="Only for some models"
        hint="Else for all that the provider serves"
        value={models}
        onChange={setModels}
        choice={<ModelChoice value={models ?? []} onChange={setModels} />}
      />
      {may(session, "keys") && (
        <Bound
          label="Only for some keys"
          hint="Else for calls with any key"
          value={hashes}
          onChange={setHashes}
          choice={<KeyChoice value={hashes ?? []} onChange={setHashes} />}
        />
      )}
      <Switch label="Off" hint="Kept, and not used" checked={disabled} onChange={setDisabled} />
      {error && (Object.keys(named).length === 0 || !("key" in named)) && (
        <p role="alert" className="text-bad">
          {messageOf(error)}
        </p>
      )}
      {refused && (
        <Switch
          label="Save it without asking the provider"
          checked={untested}
          onChange={setUntested}
        />
      )}
      {noKeys && <p className="text-muted">Choose at least one key, or lift that restriction.</p>}
      {may(session, "own_keys", "write") && (
        <Button
          type="submit"
          variant="primary"
          busy={isPending}
          disabled={provider === null || noKeys}
          className="self-start"
        >
          {row ? "Save changes" : "Add key"}
        </Button>
      )}
    </Form>
  );
}

interface BoundProps {
  label: string;
  hint: string;
  value: string[] | null;
  onChange: (value: string[] | null) => void;
  choice: React.ReactNode;
}

/** A restriction that is there or not: an empty one lets nothing through. */
function Bound({ label, hint, value, onChange, choice }: BoundProps) {
  return (
    <div className="flex flex-col gap-2">
      <Switch
        label={label}
        hint={hint}
        checked={value !== null}
        onChange={(on) => onChange(on ? [] : null)}
      />
      {value !== null && choice}
    </div>
  );
}

/** Models that nobody can call yet are in no list: the key that is added may be the first for them. */
const isModelId = (text: string) => /^[^\s/]+\/[^\s]+$/.test(text);

interface ChoiceProps {
  value: string[];
  onChange: (value: string[]) => void;
}

function ModelChoice(props: ChoiceProps) {
  const { data = [] } = useQuery(usableModelsQuery({ mine: true }));
  const options = data.map(({ id, name }) => ({ value: id, label: id, hint: name }));
  return (
    <MultiCombobox
      label="Models"
      placeholder="Choose models, or type a model's id"
      options={options}
      takes={isModelId}
      {...props}
    />
  );
}

function KeyChoice(props: ChoiceProps) {
  const { data = [] } = useQuery(keyNamesQuery);
  return <MultiCombobox label="Keys" placeholder="Choose keys" options={data} {...props} />;
}

function ProviderChoice({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (slug: string | null) => void;
}) {
  const { everywhere } = useSession();
  const all = useQuery({ ...providerKeysQuery, enabled: everywhere });
  const some = useQuery({ ...providersQuery, enabled: !everywhere });
  const options = everywhere
    ? (all.data ?? [])
        .filter((row) => row.is_reachable)
        .map((row) => ({ value: row.provider, label: row.name, hint: row.provider }))
    : (some.data ?? []).map(({ slug, name }) => ({ value: slug, label: name, hint: slug }));
  return (
    <div className="flex flex-col gap-1">
      <span aria-hidden className="font-medium">
        Provider
      </span>
      <Combobox
        label="Provider"
        options={options}
        value={value}
        onChange={onChange}
        placeholder="Choose, or paste a key below"
      />
    </div>
  );
}

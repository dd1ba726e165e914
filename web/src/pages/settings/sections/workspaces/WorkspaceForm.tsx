import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { answer, client } from "~/api/client";
import type { NewWorkspace, Workspace } from "~/api/organisation";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors, Input, TextArea } from "~/components/Field";
import { ModelPicker } from "~/components/ModelPicker";
import { Select } from "~/components/Select";
import { slugOf } from "./slug";

type Sort = NonNullable<NewWorkspace["default_provider_sort"]>;

const SORTS: { value: Sort | "none"; label: string }[] = [
  { value: "none", label: "As the gateway does" },
  { value: "price", label: "Price" },
  { value: "throughput", label: "Throughput" },
  { value: "latency", label: "Latency" },
  { value: "exacto", label: "Exacto" },
];

const REFUSED = "An owner or admin can change it.";

/** The same form makes a workspace and changes one. */
export function WorkspaceForm({
  workspace,
  onDone,
}: {
  workspace?: Workspace;
  onDone: () => void;
}) {
  const queries = useQueryClient();
  // Whoever rules one workspace alone changes neither who pays nor what rules know it by.
  const { everywhere } = useSession();
  const fixed = workspace !== undefined && !everywhere;
  const [name, setName] = useState(workspace?.name ?? "");
  const [slug, setSlug] = useState(workspace?.slug);
  const [description, setDescription] = useState(workspace?.description ?? "");
  const [account, setAccount] = useState(workspace?.account ?? "default");
  const [text, setText] = useState(workspace?.default_text_model ?? null);
  const [image, setImage] = useState(workspace?.default_image_model ?? null);
  const [sort, setSort] = useState<Sort | "none">(workspace?.default_provider_sort ?? "none");
  const [kept, setKept] = useState(workspace?.is_observability_io_logging_enabled ?? false);
  const [share, setShare] = useState(String((workspace?.io_logging_sampling_rate ?? 1) * 100));
  const settings = {
    name: name.trim(),
    description: description.trim() || null,
    default_text_model: text,
    default_image_model: image,
    default_provider_sort: sort === "none" ? null : sort,
    is_observability_io_logging_enabled: kept,
    ...(kept ? { io_logging_sampling_rate: Number(share) / 100 } : {}),
  };
  const places = { slug: slug ?? slugOf(name), account: account.trim() || "default" };
  const body = fixed ? settings : { ...settings, ...places };
  const save = useMutation({
    mutationFn: async () => {
      if (!workspace) {
        const made = client.POST("/api/v1/workspaces", { body: { ...settings, ...places } });
        return (await answer(made)).data;
      }
      const params = { path: { id: workspace.id } };
      return (await answer(client.PATCH("/api/v1/workspaces/{id}", { params, body }))).data;
    },
    onSuccess: async () => {
      onDone();
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["workspaces"] }),
        queries.invalidateQueries({ queryKey: ["session"] }),
      ]);
    },
  });
  const named = fieldErrors(save.error);
  return (
    <Form label="Workspace" errors={named} onSubmit={() => save.mutate()}>
      <Field name="name" label="Name">
        <Input
          required
          maxLength={100}
          autoComplete="off"
          autoFocus={!workspace}
          value={name}
          onValueChange={setName}
        />
      </Field>
      <Field
        name="slug"
        label="Slug"
        hint={fixed ? REFUSED : "In addresses and rules: small letters, digits, hyphens"}
      >
        <Input
          required
          disabled={fixed}
          pattern="[a-z0-9]+(-[a-z0-9]+)*"
          maxLength={50}
          autoComplete="off"
          className="font-mono"
          value={slug ?? slugOf(name)}
          onValueChange={setSlug}
        />
      </Field>
      <Field name="description" label="Description" optional>
        <TextArea
          rows={2}
          maxLength={500}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
      </Field>
      <Field
        name="account"
        label="Account"
        hint={fixed ? REFUSED : "Pays for the calls of its keys"}
      >
        <Input
          required
          disabled={fixed}
          maxLength={128}
          autoComplete="off"
          value={account}
          onValueChange={setAccount}
        />
      </Field>
      <Choice label="Default model" hint="Answers conversations that name none">
        <ModelPicker label="Default model" value={text} onChange={setText} />
      </Choice>
      <Choice label="Default image model" hint="Answers calls for pictures that name none">
        <ModelPicker label="Default image model" value={image} onChange={setImage} />
      </Choice>
      <Choice label="Endpoints are sorted by" hint="Unless the call or a rule says">
        <Select label="Endpoints are sorted by" options={SORTS} value={sort} onChange={setSort} />
      </Choice>
      <Kept checked={kept} onChange={setKept} />
      {kept && (
        <Field
          name="io_logging_sampling_rate"
          label="Of so many calls, in percent"
          hint="Drawn for each call"
        >
          <Input
            required
            type="number"
            min={0.01}
            max={100}
            step="any"
            value={share}
            onValueChange={setShare}
          />
        </Field>
      )}
      {save.error && Object.keys(named).length === 0 && (
        <p role="alert" className="text-bad">
          {messageOf(save.error)}
        </p>
      )}
      {/* Errors of choices that are no fields of the form. */}
      {(named.default_text_model ?? named.default_image_model) && (
        <p role="alert" className="text-bad">
          {named.default_text_model ?? named.default_image_model}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="primary" busy={save.isPending}>
          {workspace ? "Save workspace" : "Create workspace"}
        </Button>
        <Button onClick={onDone}>Cancel</Button>
        <ApiCall
          method={workspace ? "PATCH" : "POST"}
          path={workspace ? `/workspaces/${workspace.slug}` : "/workspaces"}
          body={body}
        />
      </div>
    </Form>
  );
}

function Choice({
  label,
  hint,
  children,
}: {
  label: string;
  hint: string;
  children: React.ReactNode;
}) {
  return (
    <div className="flex flex-col gap-1">
      <span className="font-medium">
        {label} <span className="ml-1 font-normal text-muted">optional</span>
      </span>
      {children}
      <span className="text-label text-muted">{hint}</span>
    </div>
  );
}

function Kept({ checked, onChange }: { checked: boolean; onChange: (checked: boolean) => void }) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="flex min-h-8 items-center gap-2">
        <input
          id={id}
          type="checkbox"
          className="size-4"
          checked={checked}
          onChange={(event) => onChange(event.target.checked)}
        />
        Keep what is said and answered
      </label>
      <p className="text-label text-muted">
        Sealed, for as long as the retention says. Keys of the workspace and those who may look at
        its keys can read it. Switched off, what was kept is told to nobody.
      </p>
    </div>
  );
}

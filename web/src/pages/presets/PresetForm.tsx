import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form } from "~/components/Field";
import { JsonEditor, readJson, writeJson } from "~/components/JsonEditor";
import { savePreset } from "./queries";

export interface PresetFormProps {
  slug: string;
  /** What stands there at first: a request's body. */
  request: unknown;
  act: string;
  onSaved: () => void;
  /** Fields before the body. */
  children?: ReactNode;
}

/** A request's body, of which what it has in common with others is kept. */
export function PresetForm({ slug, request, act, onSaved, children }: PresetFormProps) {
  const queries = useQueryClient();
  const [text, setText] = useState(() => writeJson(request));
  const { value, problem } = readJson(text);
  const save = useMutation({
    mutationFn: () => savePreset(slug, value),
    onSuccess: async ({ warnings }) => {
      await queries.invalidateQueries({ queryKey: ["presets"] });
      if (!warnings?.length) onSaved();
    },
  });
  const warnings = save.data?.warnings ?? [];
  return (
    <Form label="Preset" onSubmit={() => problem === null && save.mutate()}>
      {children}
      <Field
        name="body"
        label="Request"
        hint="As for chat completions. System messages become the instructions; other messages are left out."
        {...(problem === null ? {} : { error: problem })}
      >
        <JsonEditor rows={12} value={text} onChange={setText} />
      </Field>
      {save.error && (
        <p role="alert" className="text-bad">
          {messageOf(save.error)}
        </p>
      )}
      {warnings.length > 0 && (
        <div role="status" className="border-l-2 border-warn py-1 pl-3 text-warn">
          {warnings.map((warning) => (
            <p key={warning}>{warning}</p>
          ))}
        </div>
      )}
      <div className="flex flex-wrap gap-2">
        {warnings.length > 0 ? (
          <Button onClick={onSaved}>Saved. Go on</Button>
        ) : (
          <Button type="submit" variant="primary" busy={save.isPending} disabled={problem !== null}>
            {act}
          </Button>
        )}
        <ApiCall method="POST" path={`/presets/${slug || "name"}/chat/completions`} body={value} />
      </div>
    </Form>
  );
}

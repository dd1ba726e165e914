import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "~/api/client";
import { ApiError } from "~/api/error";
import { ApiCall } from "~/components/ApiCall";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, Input } from "~/components/Field";
import { JsonEditor, readJson, writeJson } from "~/components/JsonEditor";
import { type Policy, policyQuery } from "./queries";

const EXAMPLE = [
  {
    name: "code goes to the coder",
    when: { code: true },
    // biome-ignore lint/suspicious/noThenProperty: that is what a rule's actions are called
    then: { prefer: { sort: "price" }, tag: ["code"] },
  },
];

/** All stored rules as JSON. Saved, they are a new version, which is in force at once. */
export function RulesEditor({ policy, onDone }: { policy: Policy; onDone: () => void }) {
  const queries = useQueryClient();
  const [text, setText] = useState(() =>
    writeJson(policy.rules.length > 0 ? policy.rules : EXAMPLE),
  );
  const [note, setNote] = useState("");
  const { value, problem } = readJson(text);
  const wrong = problem ?? (Array.isArray(value) ? null : "Rules are a list: [ … ].");
  const body = {
    rules: Array.isArray(value) ? (value as Record<string, never>[]) : [],
    expected_version: policy.version,
    ...(note.trim() ? { note: note.trim() } : {}),
  };
  const save = useMutation({
    mutationFn: () => answer(client.PUT("/api/v1/routing/policy", { body })),
    onSuccess: async ({ data, warnings }) => {
      queries.setQueryData(policyQuery.queryKey, data);
      await queries.invalidateQueries({ queryKey: ["policy", "versions"] });
      if (!warnings?.length) onDone();
    },
  });
  const warnings = save.data?.warnings ?? [];
  const overtaken = save.error instanceof ApiError && save.error.status === 409;
  return (
    <Form label="Rules" className="max-w-240" onSubmit={() => wrong === null && save.mutate()}>
      <Field
        name="rules"
        label="Rules"
        hint="The first that chooses a model chooses; restrictions of all that match add up"
        {...(wrong === null ? {} : { error: wrong })}
      >
        <JsonEditor value={text} onChange={setText} />
      </Field>
      <Field name="note" label="Note" optional hint="Why, for whoever reads the versions">
        <Input autoComplete="off" maxLength={200} value={note} onValueChange={setNote} />
      </Field>
      {save.error && (
        <div role="alert" className="text-bad">
          {overtaken
            ? "Somebody else has saved rules meanwhile. Copy yours, cancel, and edit theirs."
            : messageOf(save.error)
                .split("\n")
                .map((line) => <p key={line}>{line}</p>)}
        </div>
      )}
      {warnings.length > 0 && (
        <div role="status" className="border-l-2 border-warn py-1 pl-3">
          <p className="font-medium">Saved, and in force. But:</p>
          {warnings.map((warning) => (
            <p key={warning} className="text-warn">
              {warning}
            </p>
          ))}
        </div>
      )}
      <div className="flex flex-wrap gap-2">
        {warnings.length > 0 ? (
          <Button variant="primary" onClick={onDone}>
            Done
          </Button>
        ) : (
          <Button
            type="submit"
            variant="primary"
            busy={save.isPending}
            disabled={wrong !== null || overtaken}
          >
            Save rules
          </Button>
        )}
        <Button onClick={onDone}>Cancel</Button>
        <ApiCall method="PUT" path="/routing/policy" body={body} />
      </div>
    </Form>
  );
}

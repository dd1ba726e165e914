/**
 * Gives the installation a key at one provider: it is tried when it is pasted, then kept.
 *
 *     <GiveKey provider={row} pasted={text} onGiven={(provider) => …} />
 *
 * `pasted` is a key that was pasted elsewhere already; it is tried at once. The key lives in the
 * field only, and goes when it is kept.
 */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ClipboardEvent, useEffect, useRef, useState } from "react";
import {
  giveProviderKey,
  keysChanged,
  type ProviderKey,
  tryProviderKey,
} from "~/api/provider-keys";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { Field, Form, fieldErrors } from "~/components/Field";
import { PasswordInput } from "~/components/PasswordInput";
import { Status } from "~/components/Status";
import { duration, whole } from "~/format";
import { recognised } from "./recognise";

export interface GiveKeyProps {
  provider: ProviderKey;
  pasted?: string;
  /** What the button says. */
  act?: string;
  onGiven: (provider: ProviderKey, warning: string | null) => void;
  onCancel?: () => void;
}

/** A text that came from the clipboard, where it takes the place of everything in the field. */
function pastedInto(event: ClipboardEvent<HTMLInputElement>): string {
  const field = event.currentTarget;
  const text = event.clipboardData.getData("text");
  const { selectionStart, selectionEnd, value } = field;
  return value.slice(0, selectionStart ?? 0) + text + value.slice(selectionEnd ?? value.length);
}

export function GiveKey({
  provider,
  pasted = "",
  act = "Save key",
  onGiven,
  onCancel,
}: GiveKeyProps) {
  const queries = useQueryClient();
  const [key, setKey] = useState(pasted);
  const tried = useRef("");
  const test = useMutation({
    mutationFn: (text: string) => tryProviderKey(provider.provider, text),
  });
  const save = useMutation({
    mutationFn: (skipTest: boolean) => giveProviderKey(provider.provider, key.trim(), skipTest),
    onSuccess: ({ data, warning }) => {
      keysChanged(queries);
      onGiven(data, warning ?? null);
    },
  });
  const { mutate: tryKey, reset } = test;
  const attempt = (text: string) => {
    const trimmed = text.trim();
    if (trimmed === "") return;
    tried.current = trimmed;
    tryKey(trimmed);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was pasted before is tried by itself
  useEffect(() => attempt(pasted), []);
  const known = key.trim() !== "" && key.trim() === tried.current;
  const verdict = known ? test.data?.verdict : undefined;
  const other = recognised(key);
  const error = save.error ?? (known ? test.error : null);
  return (
    <Form
      label={`Key at ${provider.name}`}
      errors={fieldErrors(error)}
      onSubmit={() => save.mutate(verdict !== undefined)}
    >
      <Field
        name="key"
        label={`${provider.name} key`}
        hint={
          other !== null && other !== provider.provider
            ? `This looks like a key of ${other}. It will be tried at ${provider.name}.`
            : "Kept sealed, and shown to nobody again. It is tried when you paste it."
        }
      >
        <PasswordInput
          autoComplete="off"
          autoFocus
          required
          value={key}
          onValueChange={(text) => {
            setKey(text);
            if (text.trim() !== tried.current) reset();
            save.reset();
          }}
          onPaste={(event) => attempt(pastedInto(event))}
          className="font-mono"
        />
      </Field>
      <div aria-live="polite" className="min-h-5">
        {test.isPending && <span className="text-muted">Asking {provider.name}…</span>}
        {known && test.data && (
          <Answer
            provider={provider}
            verdict={test.data.verdict}
            reason={test.data.reason}
            ms={Math.max(1, test.data.latency_ms)}
          />
        )}
        {error && Object.keys(fieldErrors(error)).length === 0 && (
          <p role="alert" className="text-bad">
            {messageOf(error)}
          </p>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        <Button
          type="submit"
          variant={verdict === "refused" ? "default" : "primary"}
          busy={save.isPending}
          disabled={test.isPending}
        >
          {verdict === "refused" ? "Save it anyway" : act}
        </Button>
        <Button onClick={() => attempt(key)} busy={test.isPending} disabled={key.trim() === ""}>
          Test
        </Button>
        {onCancel && (
          <Button variant="quiet" onClick={onCancel}>
            Cancel
          </Button>
        )}
      </div>
    </Form>
  );
}

interface AnswerProps {
  provider: ProviderKey;
  verdict: "accepted" | "refused" | "unknown";
  reason: string | null;
  ms: number;
}

/** What the provider said, and what it may mean. */
function Answer({ provider, verdict, reason, ms }: AnswerProps) {
  const { name, known_models: known } = provider;
  if (verdict === "accepted") {
    const models = known > 0 ? `, ${whole(known)} model${known === 1 ? "" : "s"}` : "";
    return (
      <Status tone="good">
        Works{models}, {duration(ms)}
      </Status>
    );
  }
  if (verdict === "refused") {
    return (
      <>
        <Status tone="bad">
          {name} refuses this key ({duration(ms)})
        </Status>
        <p className="mt-1 text-muted">
          It may be incomplete, withdrawn, or one of another provider or region.
        </p>
      </>
    );
  }
  return (
    <>
      <Status tone="warn">Nobody knows yet: {reason ?? "no answer"}</Status>
      <p className="mt-1 text-muted">
        {name} could not be asked about the key from here. It can be saved all the same; the first
        call shows whether it works.
      </p>
    </>
  );
}

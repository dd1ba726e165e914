import { useState } from "react";
import { Field, Input } from "~/components/Field";
import { PresetForm } from "./PresetForm";

const EXAMPLE = {
  model: "tollgate/echo",
  temperature: 0.2,
  messages: [{ role: "system", content: "Answer in one sentence." }],
};

/** Makes a preset; then it is open. */
export function NewPreset({ onDone }: { onDone: (slug: string) => void }) {
  const [slug, setSlug] = useState("");
  return (
    <PresetForm slug={slug} request={EXAMPLE} act="Create preset" onSaved={() => onDone(slug)}>
      <Field name="slug" label="Slug" hint="Small letters, digits, hyphens and underscores">
        <Input
          required
          pattern="[a-z0-9_\-]+"
          maxLength={100}
          autoFocus
          autoComplete="off"
          className="font-mono"
          value={slug}
          onValueChange={setSlug}
        />
      </Field>
    </PresetForm>
  );
}

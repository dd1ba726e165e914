import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { providersQuery } from "~/api/catalogue";
import { useNarrow } from "~/app/media";
import { Button } from "~/components/Button";
import { MultiCombobox } from "~/components/Combobox";
import { CONTROL } from "~/components/Field";
import { ModelPicker } from "~/components/ModelPicker";
import { Select } from "~/components/Select";
import { Switch } from "~/components/Switch";
import { type Draft, type DraftSort, EMPTY, type Need } from "./draft";

interface DraftFormProps {
  draft: Draft;
  onChange: (draft: Draft) => void;
}

const SORT_OPTIONS: { value: DraftSort; label: string }[] = [
  { value: "", label: "Balanced" },
  { value: "price", label: "Price" },
  { value: "throughput", label: "Speed" },
  { value: "latency", label: "First token" },
  { value: "exacto", label: "Good at tools" },
];

const NEED_LABELS: Record<Need, string> = {
  tools: "Calls tools",
  json: "Answers in JSON",
  vision: "Has an image",
};

/** What the request asks for. Each change is asked about at once. */
export function DraftForm({ draft, onChange }: DraftFormProps) {
  const narrow = useNarrow();
  const { data: providers = [] } = useQuery(providersQuery);
  const options = providers.map(({ slug, name }) => ({ value: slug, label: name }));
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  const needs = (need: Need, wanted: boolean) =>
    set({ needs: wanted ? [...draft.needs, need] : draft.needs.filter((one) => one !== need) });
  const more = (
    <>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">The request</legend>
        {(Object.keys(NEED_LABELS) as Need[]).map((need) => (
          <Switch
            key={need}
            label={NEED_LABELS[need]}
            checked={draft.needs.includes(need)}
            onChange={(wanted) => needs(need, wanted)}
          />
        ))}
      </fieldset>
      <Labelled label="Only these providers">
        <MultiCombobox
          label="Only these providers"
          placeholder="Any"
          options={options}
          value={draft.only}
          onChange={(only) => set({ only })}
        />
      </Labelled>
      <Labelled label="Not these providers">
        <MultiCombobox
          label="Not these providers"
          placeholder="None"
          options={options}
          value={draft.ignore}
          onChange={(ignore) => set({ ignore })}
        />
      </Labelled>
      <Labelled label="First, in this order">
        <MultiCombobox
          label="First, in this order"
          placeholder="By the sort"
          options={options}
          value={draft.order}
          onChange={(order) => set({ order })}
        />
      </Labelled>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">Bounds</legend>
        <Switch
          label="Others may follow when the first fails"
          checked={draft.fallbacks}
          onChange={(fallbacks) => set({ fallbacks })}
        />
        <Switch
          label="No training on prompts"
          checked={draft.deny}
          onChange={(deny) => set({ deny })}
        />
        <Switch label="Nothing is retained" checked={draft.zdr} onChange={(zdr) => set({ zdr })} />
        <Typed
          label="Input at most, $ per M tokens"
          value={draft.maxPrompt}
          form={/^(\d+(\.\d+)?)?$/}
          onTyped={(maxPrompt) => set({ maxPrompt })}
        />
        <Typed
          label="Output at most, $ per M tokens"
          value={draft.maxCompletion}
          form={/^(\d+(\.\d+)?)?$/}
          onTyped={(maxCompletion) => set({ maxCompletion })}
        />
        <Typed
          label="Tokens of the answer"
          value={draft.maxTokens}
          form={/^\d*$/}
          onTyped={(maxTokens) => set({ maxTokens })}
        />
      </fieldset>
      <Button className="self-start" onClick={() => onChange({ ...EMPTY, model: draft.model })}>
        Ask without preferences
      </Button>
    </>
  );
  return (
    <form
      aria-label="Request"
      onSubmit={(event) => event.preventDefault()}
      className="flex shrink-0 flex-col gap-4 lg:w-72"
    >
      <Labelled label="Model">
        <ModelPicker value={draft.model} onChange={(model) => set({ model })} />
      </Labelled>
      <Labelled label="Sort">
        <Select
          label="Sort"
          options={SORT_OPTIONS}
          value={draft.sort}
          onChange={(sort) => set({ sort })}
        />
      </Labelled>
      {narrow ? (
        <details>
          <summary className="min-h-11 py-3 font-medium">What it prefers and needs</summary>
          <div className="flex flex-col gap-4 pt-2">{more}</div>
        </details>
      ) : (
        more
      )}
    </form>
  );
}

/** A control with its name above it. The control names itself to those who don't see. */
function Labelled({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <span aria-hidden className="font-medium">
        {label}
      </span>
      {children}
    </div>
  );
}

interface TypedProps {
  label: string;
  value: string;
  form: RegExp;
  onTyped: (value: string) => void;
}

/** A number that counts once the field is left or Enter is pressed. */
function Typed({ label, value, form, onTyped }: TypedProps) {
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? value;
  const wrong = !form.test(shown);
  const take = () => {
    if (wrong) return;
    setText(null);
    if (shown !== value) onTyped(shown);
  };
  return (
    <label className="grid grid-cols-[minmax(0,1fr)_6rem] items-center gap-2">
      {label}
      <input
        inputMode="decimal"
        aria-invalid={wrong || undefined}
        value={shown}
        onChange={(event) => setText(event.target.value.trim())}
        onBlur={take}
        onKeyDown={(event) => event.key === "Enter" && take()}
        className={`${CONTROL} text-right aria-[invalid]:border-bad`}
      />
    </label>
  );
}

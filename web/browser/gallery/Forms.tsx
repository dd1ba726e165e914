import { useState } from "react";
import { Button } from "~/components/Button";
import { MultiCombobox } from "~/components/Combobox";
import { Field, Form, Input, TextArea } from "~/components/Field";
import { ModelPicker } from "~/components/ModelPicker";
import { RadioGroup } from "~/components/RadioGroup";
import { SecretOnce } from "~/components/SecretOnce";
import { Select } from "~/components/Select";
import { Switch } from "~/components/Switch";

const PERIODS = [
  { value: "day", label: "Each day" },
  { value: "month", label: "Each month", hint: "UTC" },
];
const PROVIDERS = ["OpenAI", "Azure", "Anthropic", "Google"].map((label) => ({
  value: label.toLowerCase(),
  label,
}));

export function Forms() {
  const [period, setPeriod] = useState("day");
  const [model, setModel] = useState<string | null>(null);
  const [providers, setProviders] = useState<string[]>(["openai"]);
  const [on, setOn] = useState(true);
  return (
    <div className="grid gap-10 overflow-y-auto pb-8 md:grid-cols-2">
      <Form label="Key" onSubmit={() => undefined}>
        <Field name="name" label="Name" hint="Shown in lists and logs">
          <Input required defaultValue="app-1" />
        </Field>
        <Field name="limit" label="Limit" error="A limit is at least $0.01" optional>
          <Input inputMode="decimal" defaultValue="0" />
        </Field>
        <Field name="period" label="Period">
          <Select options={PERIODS} value={period} onChange={setPeriod} />
        </Field>
        <Field name="model" label="Default model">
          <ModelPicker value={model} onChange={setModel} />
        </Field>
        <Field name="providers" label="Providers">
          <MultiCombobox
            label="Providers"
            options={PROVIDERS}
            value={providers}
            onChange={setProviders}
          />
        </Field>
        <Field name="notes" label="Notes">
          <TextArea />
        </Field>
        <Switch
          label="Own keys count toward the limit"
          hint="Else only this gateway's"
          checked={on}
          onChange={setOn}
        />
        <RadioGroup
          label="When it is reached"
          options={PERIODS}
          value={period}
          onChange={setPeriod}
        />
        <Button type="submit" variant="primary" className="self-start">
          Create key
        </Button>
      </Form>
      <SecretOnce
        label="API key"
        secret={`sk-or-v1-${"0123456789abcdef".repeat(4)}`}
        onSaved={() => undefined}
      />
    </div>
  );
}

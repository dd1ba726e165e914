/**
 * One of the models that can be called here: `<ModelPicker value={model} onChange={setModel} />`.
 *
 * `wanted` keeps only some of them. Keep that function outside the component.
 */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Model, modelsQuery } from "~/api/catalogue";
import { perMillion } from "~/format";
import { Combobox } from "./Combobox";

export interface ModelPickerProps {
  value: string | null;
  onChange: (id: string | null) => void;
  label?: string;
  wanted?: (model: Model) => boolean;
  className?: string;
}

/** `$0.15 in · $0.60 out /M`. */
export function modelPrice(model: Model): string {
  const { prompt, completion } = model.pricing;
  return `${perMillion(prompt)} in · ${perMillion(completion)} out /M`;
}

export function ModelPicker({
  value,
  onChange,
  label = "Model",
  wanted,
  className,
}: ModelPickerProps) {
  const { data: models = [], isPending } = useQuery(modelsQuery);
  const options = useMemo(
    () =>
      models
        .filter((model) => wanted?.(model) ?? true)
        .map((model) => ({ value: model.id, label: model.id, hint: modelPrice(model) })),
    [models, wanted],
  );
  return (
    <Combobox
      label={label}
      options={options}
      value={value}
      onChange={onChange}
      placeholder={isPending ? "Loading models" : "Choose a model"}
      {...(className ? { className } : {})}
    />
  );
}

import { useId } from "react";
import { CONTROL } from "~/components/Field";
import type { Mix } from "./mix";

export interface CalculatorProps {
  mix: Mix;
  onChange: (mix: Mix) => void;
}

const FIELDS: { name: keyof Mix; label: string }[] = [
  { name: "requests", label: "Requests" },
  { name: "prompt", label: "Input tokens each" },
  { name: "cached", label: "of them cached" },
  { name: "completion", label: "Output tokens each" },
];

const MOST = 1_000_000_000;

/** The mix that costs are reckoned for. */
export function Calculator({ mix, onChange }: CalculatorProps) {
  const id = useId();
  const set = (name: keyof Mix, text: string) => {
    const value = Math.min(MOST, Math.max(0, Math.trunc(Number(text)) || 0));
    const next = { ...mix, [name]: value };
    onChange({ ...next, cached: Math.min(next.cached, next.prompt) });
  };
  return (
    <fieldset className="mb-4 flex flex-wrap items-end gap-x-4 gap-y-2">
      <legend className="mb-1.5 font-semibold">What it costs</legend>
      {FIELDS.map(({ name, label }) => (
        <div key={name} className="w-36">
          <label htmlFor={`${id}-${name}`} className="mb-1 block text-label text-muted">
            {label}
          </label>
          <input
            id={`${id}-${name}`}
            type="number"
            inputMode="numeric"
            min={0}
            max={name === "cached" ? mix.prompt : MOST}
            value={mix[name]}
            onChange={(event) => set(name, event.target.value)}
            className={CONTROL}
          />
        </div>
      ))}
    </fieldset>
  );
}

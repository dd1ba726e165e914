import { useId } from "react";
import { CONTROL } from "~/components/Field";
import { RadioGroup } from "~/components/RadioGroup";
import { Select } from "~/components/Select";
import { type AnswerFormat, letterOf, type Settings } from "./conversation";
import {
  PARAMETERS,
  type Parameter,
  readParameter,
  readSchema,
  readTools,
  supports,
} from "./parameters";
import { takesFormat } from "./request";
import { modelOf, useChat, useConversation } from "./use-chat";

const AREA = `${CONTROL} h-auto resize-y py-1.5 pointer-coarse:h-auto`;

/** How many settings are made. */
export function settingsCount({ system, parameters, format, tools }: Settings): number {
  const typed = Object.values(parameters).filter((text) => text.trim() !== "").length;
  return (
    typed + Number(system.trim() !== "") + Number(format !== "text") + Number(tools.trim() !== "")
  );
}

/**
 * What all columns are asked with: only what at least one of the models supports. What is left empty
 * is not sent, so the provider's own default holds.
 */
export function SettingsForm() {
  const chat = useChat();
  const { store } = chat;
  const { columns, settings } = useConversation();
  const models = columns.map((column) => modelOf(chat, column));
  const lacking = (able: (supported: readonly string[]) => boolean) =>
    models.flatMap((model, index) =>
      model && !able(model.supported_parameters) ? [letterOf(index)] : [],
    );
  const any = (able: (supported: readonly string[]) => boolean) =>
    models.some((model) => model && able(model.supported_parameters));
  const known = PARAMETERS.filter((parameter) =>
    any((supported) => supports(supported, parameter)),
  );
  const formats = (["json", "schema"] as const).filter((format) =>
    any((supported) => takesFormat(format, supported)),
  );
  const tools = (supported: readonly string[]) => supported.includes("tools");
  return (
    <form
      aria-label="Parameters"
      className="flex flex-col gap-5"
      onSubmit={(event) => event.preventDefault()}
    >
      <Area
        label="System prompt"
        rows={4}
        value={settings.system}
        onChange={(system) => store.setSettings({ system })}
        hint="Told to every model before the conversation."
      />
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-2 font-semibold">Parameters</legend>
        <p className="text-label text-muted">
          What is empty is not sent: the provider's default holds.
        </p>
        {known.map((parameter) => (
          <ParameterField
            key={parameter.name}
            parameter={parameter}
            value={settings.parameters[parameter.name] ?? ""}
            fallback={defaultOf(models[0]?.default_parameters, parameter.name)}
            lacking={lacking((supported) => supports(supported, parameter))}
            onChange={(typed) =>
              store.setSettings({
                parameters: { ...settings.parameters, [parameter.name]: typed },
              })
            }
          />
        ))}
      </fieldset>
      {(formats.length > 0 || settings.format !== "text") && (
        <div className="flex flex-col gap-2">
          <RadioGroup<AnswerFormat>
            label="Answer as"
            value={settings.format}
            onChange={(format) => store.setSettings({ format })}
            options={[
              { value: "text", label: "Text" },
              ...(formats.includes("json") ? [{ value: "json" as const, label: "JSON" }] : []),
              ...(formats.includes("schema")
                ? [{ value: "schema" as const, label: "JSON by a schema" }]
                : []),
            ]}
          />
          <Lacking
            letters={lacking((supported) => takesFormat(settings.format, supported))}
            what="this form"
          />
          {settings.format === "schema" && (
            <Area
              label="JSON schema"
              rows={8}
              mono
              value={settings.schema}
              onChange={(schema) => store.setSettings({ schema })}
              error={readSchema(settings.schema).error}
            />
          )}
        </div>
      )}
      {(any(tools) || settings.tools !== "") && (
        <div className="flex flex-col gap-2">
          <Area
            label="Tools"
            rows={8}
            mono
            value={settings.tools}
            onChange={(text) => store.setSettings({ tools: text })}
            error={readTools(settings.tools).error}
            hint="Definitions of functions as JSON: name, description, parameters."
          />
          {settings.tools !== "" && <Lacking letters={lacking(tools)} what="tools" />}
        </div>
      )}
    </form>
  );
}

function defaultOf(defaults: object | null | undefined, name: string): string | null {
  const value = defaults ? new Map<string, unknown>(Object.entries(defaults)).get(name) : null;
  return typeof value === "number" ? String(value) : null;
}

/** Models that a setting is not sent to, because they would refuse it. */
function Lacking({ letters, what }: { letters: readonly string[]; what: string }) {
  if (letters.length === 0) return null;
  return (
    <p className="text-label text-muted">
      Not sent to {letters.join(" and ")}: {what} {letters.length > 1 ? "are" : "is"} not supported
      there.
    </p>
  );
}

interface AreaProps {
  label: string;
  rows: number;
  value: string;
  onChange: (text: string) => void;
  mono?: boolean;
  hint?: string;
  error?: string | undefined;
}

function Area({ label, rows, value, onChange, mono = false, hint, error }: AreaProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-semibold">
        {label}
      </label>
      <textarea
        id={id}
        rows={rows}
        spellCheck={!mono}
        value={value}
        aria-invalid={error !== undefined || undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.target.value)}
        className={`${AREA} ${mono ? "font-mono text-label" : ""}`}
      />
      <p id={`${id}-note`} className={`text-label ${error ? "text-bad" : "text-muted"}`}>
        {error ?? hint}
      </p>
    </div>
  );
}

interface ParameterFieldProps {
  parameter: Parameter;
  value: string;
  /** What the model's provider takes where nothing is sent, if that is known. */
  fallback: string | null;
  lacking: readonly string[];
  onChange: (typed: string) => void;
}

function ParameterField({ parameter, value, fallback, lacking, onChange }: ParameterFieldProps) {
  const id = useId();
  const { error } = readParameter(parameter, value);
  const placeholder = fallback === null ? "default" : `default ${fallback}`;
  const shared = {
    id,
    "aria-describedby": `${id}-note`,
    "aria-invalid": error !== undefined || undefined,
    value,
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_7.5rem] items-center gap-x-3 gap-y-0.5">
      {parameter.kind === "choice" ? (
        <span>{parameter.label}</span>
      ) : (
        <label htmlFor={id}>{parameter.label}</label>
      )}
      {parameter.kind === "choice" ? (
        <Select
          label={parameter.label}
          value={value}
          onChange={onChange}
          options={[
            { value: "", label: "default" },
            ...(parameter.choices ?? []).map((choice) => ({ value: choice, label: choice })),
          ]}
        />
      ) : parameter.kind === "words" ? (
        <textarea
          {...shared}
          rows={1}
          placeholder="none"
          onChange={(event) => onChange(event.target.value)}
          className={AREA}
        />
      ) : (
        <input
          {...shared}
          inputMode="decimal"
          placeholder={placeholder}
          onChange={(event) => onChange(event.target.value)}
          className={CONTROL}
        />
      )}
      <p id={`${id}-note`} className={`col-span-2 text-label ${error ? "text-bad" : "text-muted"}`}>
        {error ?? parameter.hint}
        {lacking.length > 0 && ` Not sent to ${lacking.join(" and ")}.`}
      </p>
    </div>
  );
}

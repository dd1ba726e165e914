/** The parameters that a person may set, in the order in which they are shown. */
export interface Parameter {
  name: string;
  label: string;
  kind: "number" | "whole" | "words" | "choice";
  min?: number;
  max?: number;
  choices?: readonly string[];
  hint: string;
  /** Other names under which models list it. */
  also?: readonly string[];
}

export const PARAMETERS: readonly Parameter[] = [
  {
    name: "max_tokens",
    label: "Longest answer",
    kind: "whole",
    min: 1,
    hint: "In tokens.",
    also: ["max_completion_tokens"],
  },
  {
    name: "temperature",
    label: "Temperature",
    kind: "number",
    min: 0,
    max: 2,
    hint: "0 is the likeliest word each time, up to 2.",
  },
  {
    name: "top_p",
    label: "Top P",
    kind: "number",
    min: 0,
    max: 1,
    hint: "Words that make up this share of the likelihood.",
  },
  { name: "top_k", label: "Top K", kind: "whole", min: 0, hint: "So many of the likeliest words." },
  {
    name: "min_p",
    label: "Min P",
    kind: "number",
    min: 0,
    max: 1,
    hint: "At least this share of the likeliest word.",
  },
  {
    name: "top_a",
    label: "Top A",
    kind: "number",
    min: 0,
    max: 1,
    hint: "A floor that depends on the likeliest word.",
  },
  {
    name: "frequency_penalty",
    label: "Frequency penalty",
    kind: "number",
    min: -2,
    max: 2,
    hint: "Against words by how often they came.",
  },
  {
    name: "presence_penalty",
    label: "Presence penalty",
    kind: "number",
    min: -2,
    max: 2,
    hint: "Against words that came at all.",
  },
  {
    name: "repetition_penalty",
    label: "Repetition penalty",
    kind: "number",
    min: 0,
    max: 2,
    hint: "1 is none.",
  },
  {
    name: "seed",
    label: "Seed",
    kind: "whole",
    hint: "The same seed, the same answer, where the provider can.",
  },
  { name: "stop", label: "Stop at", kind: "words", hint: "Up to four texts, one a line." },
  {
    name: "reasoning_effort",
    label: "Reasoning effort",
    kind: "choice",
    choices: ["minimal", "low", "medium", "high"],
    hint: "How long it may think.",
    also: ["reasoning"],
  },
  {
    name: "verbosity",
    label: "Verbosity",
    kind: "choice",
    choices: ["low", "medium", "high"],
    hint: "How much it writes.",
  },
  {
    name: "tool_choice",
    label: "Choice of tools",
    kind: "choice",
    choices: ["auto", "none", "required"],
    hint: "Whether it may, or must, call one.",
  },
];

export const supports = (supported: readonly string[], { name, also = [] }: Parameter): boolean =>
  [name, ...also].some((known) => supported.includes(known));

export type ParameterValue = number | string | string[];

/** What was typed as a value, or why it is none. Nothing typed is no value. */
export function readParameter(
  parameter: Parameter,
  typed: string | undefined,
): { value?: ParameterValue; error?: string } {
  const text = (typed ?? "").trim();
  if (text === "") return {};
  if (parameter.kind === "choice") return { value: text };
  if (parameter.kind === "words") {
    const words = (typed ?? "").split("\n").filter((line) => line !== "");
    return words.length > 4 ? { error: "At most four texts" } : { value: words };
  }
  const value = Number(text);
  if (!Number.isFinite(value)) return { error: "Not a number" };
  if (parameter.kind === "whole" && !Number.isSafeInteger(value))
    return { error: "Not a whole number" };
  const { min, max } = parameter;
  if (min !== undefined && value < min) return { error: `At least ${min}` };
  if (max !== undefined && value > max) return { error: `At most ${max}` };
  return { value };
}

type Read<T> = { value: T; error?: undefined } | { value?: undefined; error: string };

function readJson(text: string): Read<unknown> {
  try {
    return { value: JSON.parse(text) };
  } catch (cause) {
    return { error: cause instanceof Error ? cause.message : "Not JSON" };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A JSON schema that was typed. */
export function readSchema(text: string): Read<Record<string, unknown> | null> {
  if (text.trim() === "") return { value: null };
  const { value, error } = readJson(text);
  if (error !== undefined) return { error };
  return isObject(value) ? { value } : { error: "A schema is an object" };
}

/** A tool as the API takes it. */
export interface Tool {
  type: string;
  [member: string]: unknown;
}

/** Definitions of functions: one or a list of them, bare or already wrapped as tools. */
export function readTools(text: string): Read<Tool[]> {
  if (text.trim() === "") return { value: [] };
  const { value, error } = readJson(text);
  if (error !== undefined) return { error };
  const tools: Tool[] = [];
  for (const one of Array.isArray(value) ? value : [value]) {
    const tool = asTool(one);
    if (!tool) return { error: `Definition ${tools.length + 1} has no "name"` };
    tools.push(tool);
  }
  return { value: tools };
}

function asTool(value: unknown): Tool | null {
  if (!isObject(value)) return null;
  if (typeof value.type === "string" && isObject(value.function)) {
    return typeof value.function.name === "string" ? { ...value, type: value.type } : null;
  }
  return typeof value.name === "string" ? { type: "function", function: value } : null;
}

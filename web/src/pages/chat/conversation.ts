import type { ApiError } from "~/api/error";

/** One model that answers, beside up to three others. */
export interface Column {
  id: string;
  model: string | null;
  /** The tag of the only provider that may answer; null leaves it to routing. */
  provider: string | null;
}

export type AttachmentKind = "image" | "file" | "audio";

export interface Attachment {
  id: string;
  kind: AttachmentKind;
  name: string;
  /** Its media type. */
  type: string;
  /** In bytes. */
  size: number;
  /** A data URI; null in a conversation that was read back, because bytes are not kept. */
  data: string | null;
}

export interface ToolCall {
  id: string;
  name: string;
  /** JSON text, as far as it has come. */
  arguments: string;
  /** What was given back for it. */
  result: string | null;
}

export interface Usage {
  promptTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  cachedTokens: number;
  /** US dollars as decimal text. */
  cost: string | null;
}

/** One attempt at a provider, as the end of a stream tells it. */
export interface AnswerAttempt {
  provider: string;
  status: number | null;
}

/** Why no answer came, in a form that can be kept. */
export interface Failure {
  status: number;
  type: string;
  message: string;
  requestId: string | null;
  details: Record<string, unknown>;
}

export type AnswerStatus = "running" | "done" | "stopped" | "failed";

export interface Answer {
  id: string;
  /** Which model was asked. */
  model: string;
  status: AnswerStatus;
  /** When it was asked for, by the clock of `performance.now`. */
  began: number;
  text: string;
  reasoning: string;
  toolCalls: readonly ToolCall[];
  /** Until the first piece of an answer. */
  firstMs: number | null;
  /** When the last piece came. */
  lastMs: number | null;
  totalMs: number | null;
  /** What it took as the gateway counted it; null until then. */
  usage: Usage | null;
  finish: string | null;
  provider: string | null;
  /** The id of its record. */
  generation: string | null;
  attempts: readonly AnswerAttempt[];
  failure: Failure | null;
}

export interface Turn {
  id: string;
  prompt: string;
  attachments: readonly Attachment[];
  /** By column, the ids of answers: several where results of tools were sent back. */
  answers: Readonly<Record<string, readonly string[]>>;
  /** Whether it was asked without saying who answers. */
  blind?: boolean;
  /** The column whose answer was chosen then, or "tie". */
  vote?: string;
}

export type AnswerFormat = "text" | "json" | "schema";

/** What all columns are asked with. */
export interface Settings {
  system: string;
  /** By name, as it was typed. What is not here is left to the provider. */
  parameters: Readonly<Record<string, string>>;
  format: AnswerFormat;
  /** A JSON schema, as it was typed. */
  schema: string;
  /** Definitions of functions, as they were typed. */
  tools: string;
}

export interface Conversation {
  id: string;
  columns: readonly Column[];
  turns: readonly Turn[];
  settings: Settings;
}

export const COLUMNS_MAX = 4;
const LETTERS = ["A", "B", "C", "D"];

/** What people call a column by. */
export const letterOf = (index: number): string => LETTERS[index] ?? "?";

export const NO_SETTINGS: Settings = {
  system: "",
  parameters: {},
  format: "text",
  schema: "",
  tools: "",
};

export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

export const newColumn = (model: string | null, provider: string | null = null): Column => ({
  id: newId(),
  model,
  provider,
});

export const newAnswer = (model: string, began: number): Answer => ({
  id: newId(),
  model,
  status: "running",
  began,
  text: "",
  reasoning: "",
  toolCalls: [],
  firstMs: null,
  lastMs: null,
  totalMs: null,
  usage: null,
  finish: null,
  provider: null,
  generation: null,
  attempts: [],
  failure: null,
});

export const failureOf = (error: ApiError): Failure => ({
  status: error.status,
  type: error.type,
  message: error.message,
  requestId: error.requestId,
  details: error.details,
});

/** Whether every call has been given a result, so that the model can go on. */
export const allResolved = (calls: readonly ToolCall[]): boolean =>
  calls.length > 0 && calls.every((call) => call.result !== null);

const TITLE_MAX = 60;

/** What a conversation is listed by: how it began. */
export function titleOf({ turns }: Conversation): string {
  const text = (turns[0]?.prompt ?? "").replace(/\s+/g, " ").trim();
  if (text === "") return turns[0]?.attachments[0]?.name ?? "New chat";
  const letters = Array.from(text);
  return letters.length <= TITLE_MAX ? text : `${letters.slice(0, TITLE_MAX).join("")}…`;
}

/** Models by name, without their makers: `gpt-4o, llama-3`. */
export const modelsText = (models: readonly string[]): string =>
  models.map((model) => model.slice(model.indexOf("/") + 1)).join(", ");

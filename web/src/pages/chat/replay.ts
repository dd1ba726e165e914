import type { Generation, GenerationContent } from "~/api/generation";
import {
  type Answer,
  type Attachment,
  type AttachmentKind,
  type Column,
  type Conversation,
  NO_SETTINGS,
  newAnswer,
  newColumn,
  newId,
  type ToolCall,
  type Turn,
} from "./conversation";

/** A logged call as a conversation that can go on from there. */
export interface Replay {
  conversation: Conversation;
  answers: readonly Answer[];
  /** What was asked last: it stands there to be sent, and is not sent. */
  prompt: string;
  attachments: readonly Attachment[];
  /** What the log does not have of it, or can't be shown here, in sentences. */
  notes: readonly string[];
}

type Record = Pick<Generation, "model" | "requested_model" | "api_type">;
type Message = Readonly<globalThis.Record<string, unknown>>;

const KEPT_NOT = "What was said in it is not kept: write the prompt yourself.";
const PARAMETERS_NOT = "Parameters are not in the log; the provider's own are used.";

/** Reads a call back. `known` says which models can be chosen here. */
export function replayOf(
  record: Record,
  content: GenerationContent | null,
  known: (model: string) => boolean,
): Replay {
  const asked = known(record.requested_model) ? record.requested_model : record.model;
  const column = newColumn(asked);
  const reading = new Reading(column);
  for (const message of messagesIn(content)) reading.add(message);
  const { system, turns, answers, notes } = reading;
  if (asked !== record.requested_model)
    notes.push(`It asked for ${record.requested_model}, which was answered by ${record.model}.`);
  notes.push(turns.length > 0 || system !== "" ? PARAMETERS_NOT : KEPT_NOT);
  if (content?.truncated) notes.push("It was longer than what is kept, and is cut.");
  // What nobody has answered yet is what is asked next.
  const last = turns.at(-1);
  const open = last !== undefined && (last.answers[column.id]?.length ?? 0) === 0;
  return {
    conversation: {
      id: newId(),
      columns: [column],
      turns: open ? turns.slice(0, -1) : turns,
      settings: { ...NO_SETTINGS, system },
    },
    answers,
    prompt: open ? last.prompt : "",
    attachments: open ? last.attachments : [],
    notes,
  };
}

function messagesIn(content: GenerationContent | null): readonly Message[] {
  const { messages, prompt } = content?.input ?? {};
  if (messages) return messages;
  return typeof prompt === "string" ? [{ role: "user", content: prompt }] : [];
}

/** Turns messages into turns, one after another. */
class Reading {
  readonly turns: Turn[] = [];
  readonly answers: Answer[] = [];
  readonly notes: string[] = [];
  system = "";
  readonly #column: Column;

  constructor(column: Column) {
    this.#column = column;
  }

  add(message: Message): void {
    switch (message.role) {
      case "system":
      case "developer":
        this.system = [this.system, textOf(message.content)].filter(Boolean).join("\n\n");
        return;
      case "assistant":
        this.#answered(message);
        return;
      case "tool":
        this.#resolved(message);
        return;
      default:
        this.#asked(message);
    }
  }

  #asked({ content }: Message): void {
    const parts = partsOf(content);
    const attachments = parts.flatMap((part, index) => attachmentOf(part, index) ?? []);
    const others = parts.filter(({ type }) => type !== "text").length - attachments.length;
    if (others > 0) this.notes.push(`Of what was attached, ${others} can't be taken along.`);
    this.turns.push({ id: newId(), prompt: textOf(content), attachments, answers: {} });
  }

  #answered({ content, tool_calls: calls }: Message): void {
    const turn = this.turns.at(-1);
    if (!turn) {
      this.notes.push("It began with an answer, which is left out.");
      return;
    }
    const answer: Answer = {
      ...newAnswer(this.#column.model ?? "", 0),
      status: "done",
      text: textOf(content),
      toolCalls: Array.isArray(calls) ? calls.flatMap((call) => callOf(call) ?? []) : [],
    };
    this.answers.push(answer);
    const { id } = this.#column;
    const said = [...(turn.answers[id] ?? []), answer.id];
    this.turns[this.turns.length - 1] = { ...turn, answers: { ...turn.answers, [id]: said } };
  }

  #resolved({ tool_call_id: id, content }: Message): void {
    const last = this.answers.at(-1);
    if (!last) return;
    this.answers[this.answers.length - 1] = {
      ...last,
      toolCalls: last.toolCalls.map((call) =>
        call.id === id ? { ...call, result: textOf(content) } : call,
      ),
    };
  }
}

const isObject = (value: unknown): value is Message => typeof value === "object" && value !== null;

const partsOf = (content: unknown): readonly Message[] =>
  Array.isArray(content) ? content.filter(isObject) : [];

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return partsOf(content)
    .flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : []))
    .join("\n\n");
}

function callOf(value: unknown): ToolCall | null {
  if (!isObject(value) || !isObject(value.function)) return null;
  const { name, arguments: given } = value.function;
  if (typeof value.id !== "string" || typeof name !== "string") return null;
  return { id: value.id, name, arguments: typeof given === "string" ? given : "", result: null };
}

/** What is in the message itself. What is elsewhere, at an address, is never fetched. */
function attachmentOf(part: Message, index: number): Attachment | null {
  if (part.type === "image_url" && isObject(part.image_url)) {
    return held("image", `Picture ${index + 1}`, part.image_url.url);
  }
  if (part.type === "file" && isObject(part.file)) {
    const { filename, file_data } = part.file;
    return held("file", typeof filename === "string" ? filename : `File ${index + 1}`, file_data);
  }
  if (part.type === "input_audio" && isObject(part.input_audio)) {
    const { data, format } = part.input_audio;
    const type = format === "wav" ? "audio/wav" : "audio/mpeg";
    return held("audio", `Sound ${index + 1}`, `data:${type};base64,${String(data)}`);
  }
  return null;
}

/** Of base64, four letters are three bytes. */
const BYTES_PER_LETTER = 3 / 4;

function held(kind: AttachmentKind, name: string, data: unknown): Attachment | null {
  if (typeof data !== "string") return null;
  const [, type, encoded] = /^data:([\w/+.-]+);base64,([A-Za-z0-9+/=]+)$/.exec(data) ?? [];
  if (!type || !encoded) return null;
  const size = Math.floor(encoded.replace(/=+$/, "").length * BYTES_PER_LETTER);
  return { id: newId(), kind, name, type, size, data };
}

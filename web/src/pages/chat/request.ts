import {
  type Answer,
  type Attachment,
  allResolved,
  type Column,
  type Conversation,
  type Settings,
  type Turn,
} from "./conversation";
import { PARAMETERS, readParameter, readSchema, readTools, supports } from "./parameters";

export type Message = Record<string, unknown>;

/** The body of a call of `/chat/completions`. */
export interface ChatBody {
  model: string;
  messages: Message[];
  [member: string]: unknown;
}

export type Answers = ReadonlyMap<string, Answer>;

/** What of a model a request depends on. */
export interface Able {
  supported_parameters: readonly string[];
}

/**
 * What a column is asked in a turn: all that was said before, its own answers in between, and what
 * its model supports of the settings. Results that were given for calls of tools follow the calls.
 */
export function chatRequest(
  conversation: Conversation,
  answers: Answers,
  column: Column,
  turn: Turn,
  able: Able | undefined,
): ChatBody {
  const { settings, turns } = conversation;
  // What is still being written comes after all of them.
  const place = turns.findIndex(({ id }) => id === turn.id);
  const before = place < 0 ? turns : turns.slice(0, place);
  const messages: Message[] = [];
  if (settings.system.trim() !== "") messages.push({ role: "system", content: settings.system });
  for (const past of before) {
    messages.push(question(past));
    // A model that came later is told what the first one said.
    const said = past.answers[column.id] ?? Object.values(past.answers)[0];
    messages.push(...messagesOf(answers, said));
  }
  messages.push(question(turn), ...messagesOf(answers, turn.answers[column.id]));
  return {
    model: column.model ?? "",
    messages,
    ...(column.provider ? { provider: { only: [column.provider], allow_fallbacks: false } } : {}),
    ...options(settings, able),
    stream: true,
  };
}

function question({ prompt, attachments }: Turn): Message {
  const parts = attachments.flatMap((one) => part(one) ?? []);
  if (parts.length === 0) return { role: "user", content: prompt };
  const text = prompt === "" ? [] : [{ type: "text", text: prompt }];
  return { role: "user", content: [...text, ...parts] };
}

function part({ kind, name, type, data }: Attachment): Message | null {
  if (data === null) return null;
  if (kind === "image") return { type: "image_url", image_url: { url: data } };
  if (kind === "file") return { type: "file", file: { filename: name, file_data: data } };
  const format = type.includes("wav") ? "wav" : "mp3";
  return {
    type: "input_audio",
    input_audio: { data: data.slice(data.indexOf(",") + 1), format },
  };
}

function messagesOf(answers: Answers, ids: readonly string[] = []): Message[] {
  return ids.flatMap((id) => {
    const answer = answers.get(id);
    return answer ? answerMessages(answer) : [];
  });
}

/** Calls without results are left out: no provider takes them. */
function answerMessages({ text, toolCalls }: Answer): Message[] {
  if (allResolved(toolCalls)) {
    const calls = toolCalls.map((call) => ({
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: call.arguments },
    }));
    const results = toolCalls.map((call) => ({
      role: "tool",
      tool_call_id: call.id,
      content: call.result,
    }));
    return [{ role: "assistant", content: text || null, tool_calls: calls }, ...results];
  }
  return text === "" ? [] : [{ role: "assistant", content: text }];
}

function options(settings: Settings, able: Able | undefined): Record<string, unknown> {
  const supported = able?.supported_parameters ?? [];
  const body: Record<string, unknown> = {};
  for (const parameter of PARAMETERS) {
    if (parameter.name === "tool_choice" || !supports(supported, parameter)) continue;
    const { value } = readParameter(parameter, settings.parameters[parameter.name]);
    if (value === undefined) continue;
    if (parameter.name === "reasoning_effort") body.reasoning = { effort: value };
    else body[parameter.name] = value;
  }
  const format = responseFormat(settings, supported);
  if (format) body.response_format = format;
  const tools = supported.includes("tools") ? (readTools(settings.tools).value ?? []) : [];
  if (tools.length > 0) {
    body.tools = tools;
    const choice = settings.parameters.tool_choice;
    if (choice && supported.includes("tool_choice")) body.tool_choice = choice;
  }
  return body;
}

function responseFormat({ format, schema }: Settings, supported: readonly string[]) {
  if (format === "text" || !takesFormat(format, supported)) return null;
  if (format === "json") return { type: "json_object" };
  const { value } = readSchema(schema);
  return value
    ? { type: "json_schema", json_schema: { name: "answer", strict: true, schema: value } }
    : null;
}

/** Whether a model keeps to a format of answers. */
export function takesFormat(format: Settings["format"], supported: readonly string[]): boolean {
  if (format === "text") return true;
  return supported.includes(format === "schema" ? "structured_outputs" : "response_format");
}

/** What of the settings can't be sent as it was typed, by what it is called. */
export function settingsErrors(settings: Settings): string[] {
  const errors = PARAMETERS.flatMap((parameter) => {
    const { error } = readParameter(parameter, settings.parameters[parameter.name]);
    return error ? [`${parameter.label}: ${error}`] : [];
  });
  const tools = readTools(settings.tools);
  if (tools.error !== undefined) errors.push(`Tools: ${tools.error}`);
  if (settings.format === "schema") {
    const schema = readSchema(settings.schema);
    if (schema.error !== undefined) errors.push(`Schema: ${schema.error}`);
    else if (schema.value === null) errors.push("Schema: nothing is there yet");
  }
  return errors;
}

/** A request with its media cut short, for reading. */
export function readable(body: ChatBody): ChatBody {
  const cut = (value: unknown): unknown => {
    if (typeof value === "string") return shortened(value);
    if (Array.isArray(value)) return value.map(cut);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member)]));
  };
  return { ...body, messages: body.messages.map((message) => cut(message) as Message) };
}

const MEDIA_SHOWN = 48;

function shortened(text: string): string {
  const media = /^data:[\w/+.-]+;base64,/.test(text) || /^[A-Za-z0-9+/]{400,}=*$/.test(text);
  return media && text.length > MEDIA_SHOWN ? `${text.slice(0, MEDIA_SHOWN)}…` : text;
}

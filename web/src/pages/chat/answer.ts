import { ApiError } from "~/api/error";
import type { Answer, AnswerAttempt, ToolCall, Usage } from "./conversation";

/** A piece of a call of a tool. */
interface CallPiece {
  index?: number;
  id?: string;
  function?: { name?: string | null; arguments?: string | null };
}

/** What of a chunk of a stream is looked at. */
export interface Chunk {
  id?: string;
  provider?: string;
  choices?: {
    delta?: {
      content?: string | null;
      refusal?: string | null;
      reasoning?: string | null;
      tool_calls?: CallPiece[];
    };
    finish_reason?: string | null;
  }[];
  usage?: WireUsage | null;
  error?: { code?: number; message?: string; error_type?: string; metadata?: object };
  openrouter_metadata?: { attempts?: { provider?: string; status?: number | null }[] };
}

interface WireUsage {
  prompt_tokens?: number;
  completion_tokens?: number;
  cost?: number | string | null;
  prompt_tokens_details?: { cached_tokens?: number | null } | null;
  completion_tokens_details?: { reasoning_tokens?: number | null } | null;
}

/** The answer with what a chunk adds. */
export function withChunk(before: Answer, chunk: Chunk, elapsedMs: number): Answer {
  const { delta, finish_reason } = chunk.choices?.[0] ?? {};
  const text = (delta?.content ?? "") + (delta?.refusal ?? "");
  const reasoning = delta?.reasoning ?? "";
  const pieces = delta?.tool_calls ?? [];
  const told = text !== "" || reasoning !== "" || pieces.length > 0;
  return {
    ...before,
    text: before.text + text,
    reasoning: before.reasoning + reasoning,
    toolCalls: pieces.length > 0 ? withPieces(before.toolCalls, pieces) : before.toolCalls,
    firstMs: before.firstMs ?? (told ? elapsedMs : null),
    lastMs: told ? elapsedMs : before.lastMs,
    usage: chunk.usage ? usageOf(chunk.usage) : before.usage,
    finish: finish_reason ?? before.finish,
    provider: chunk.provider ?? before.provider,
    generation: chunk.id ?? before.generation,
    attempts: chunk.openrouter_metadata
      ? attemptsOf(chunk.openrouter_metadata.attempts)
      : before.attempts,
  };
}

function withPieces(before: readonly ToolCall[], pieces: readonly CallPiece[]): ToolCall[] {
  const calls = [...before];
  for (const { index = 0, id, function: named } of pieces) {
    while (calls.length <= index) calls.push({ id: "", name: "", arguments: "", result: null });
    const known = calls[index];
    calls[index] = {
      id: id ?? known?.id ?? "",
      name: (known?.name ?? "") + (named?.name ?? ""),
      arguments: (known?.arguments ?? "") + (named?.arguments ?? ""),
      result: null,
    };
  }
  return calls;
}

function usageOf(usage: WireUsage): Usage {
  return {
    promptTokens: usage.prompt_tokens ?? 0,
    completionTokens: usage.completion_tokens ?? 0,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    cost: usage.cost == null ? null : String(usage.cost),
  };
}

export function attemptsOf(
  attempts: readonly { provider?: string; status?: number | null }[] = [],
): AnswerAttempt[] {
  return attempts.map(({ provider, status }) => ({
    provider: provider ?? "unknown",
    status: status ?? null,
  }));
}

/** The error that a chunk tells of: then the rest of the answer does not come. */
export function errorIn({ error, id }: Chunk): ApiError | null {
  if (!error) return null;
  const { code, message, error_type, ...rest } = error;
  return new ApiError(
    code ?? 502,
    error_type ?? "unknown",
    message ?? "The stream broke off.",
    id ?? null,
    rest,
  );
}

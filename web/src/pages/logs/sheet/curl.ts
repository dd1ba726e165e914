import { address } from "~/api/client";
import type { Generation, GenerationContent } from "~/api/generation";
import { shellQuoted } from "~/components/samples";

/** Where a call of each kind is sent. */
const PATHS: Readonly<Record<string, string>> = {
  completions: "/chat/completions",
  embeddings: "/embeddings",
  rerank: "/rerank",
  image: "/images",
  tts: "/audio/speech",
  stt: "/audio/transcriptions",
  moderation: "/moderations",
};

const PLACEHOLDER = "What you want to ask";

function bodyOf(record: Generation, content: GenerationContent | null): object {
  const model = record.requested_model;
  if (record.api_type !== "completions") return { model, input: PLACEHOLDER };
  const said = content?.input;
  const words =
    said?.messages || said?.prompt ? said : { messages: [{ role: "user", content: PLACEHOLDER }] };
  return { model, ...words, ...(record.streamed ? { stream: true } : {}) };
}

/** The call as a line for a shell: with what was said where that is kept. */
export function callAsCurl(record: Generation, content: GenerationContent | null): string {
  const path = PATHS[record.api_type] ?? "/chat/completions";
  return [
    `curl ${shellQuoted(address(path))}`,
    '-H "Authorization: Bearer $TOLLGATE_API_KEY"',
    '-H "Content-Type: application/json"',
    `-d ${shellQuoted(JSON.stringify(bodyOf(record, content), null, 2))}`,
  ].join(" \\\n  ");
}

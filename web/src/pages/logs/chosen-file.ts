import { request } from "~/api/client";
import type { LogPage, LogRow } from "~/api/logs";
import { csv } from "~/format";

/** The columns that the gateway's own files have, in their order. */
const CELLS: readonly [string, (row: LogRow) => string | number | boolean | null][] = [
  ["id", (row) => row.id],
  ["created_at", (row) => row.created_at],
  ["status", (row) => row.status],
  ["model", (row) => row.model],
  ["requested_model", (row) => row.requested_model],
  ["provider", (row) => row.provider],
  ["provider_slug", (row) => row.provider_slug],
  ["key_hash", (row) => row.key_hash],
  ["key_name", (row) => row.key_name],
  ["key_label", (row) => row.key_label],
  ["workspace_id", (row) => row.workspace_id],
  ["app", (row) => row.app],
  ["user", (row) => row.user],
  ["session_id", (row) => row.session_id],
  ["api_type", (row) => row.api_type],
  ["streamed", (row) => row.streamed],
  ["byok", (row) => row.byok],
  ["preset_id", (row) => row.preset_id],
  ["router", (row) => row.router],
  ["finish_reason", (row) => row.finish_reason],
  ["prompt_tokens", (row) => row.prompt_tokens],
  ["cached_tokens", (row) => row.cached_tokens],
  ["completion_tokens", (row) => row.completion_tokens],
  ["reasoning_tokens", (row) => row.reasoning_tokens],
  ["cost", (row) => row.cost],
  ["latency_ms", (row) => row.latency_ms],
  ["generation_time_ms", (row) => row.generation_time_ms],
  ["attempts", (row) => row.attempts.length],
  ["error_status", (row) => row.error?.status ?? null],
  ["error_type", (row) => row.error?.type ?? null],
  ["error_message", (row) => row.error?.message ?? null],
  ["cancelled", (row) => row.cancelled],
  ["tried_providers", (row) => row.attempts.map(({ provider }) => provider).join(" > ")],
  ["cache_source", (row) => row.cache_source],
];

/** Some calls as a file, as the gateway writes it for all that match. */
export function fileOf(rows: readonly LogRow[], format: "csv" | "json"): string {
  if (format === "json") {
    return `{"data":[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}]}\n`;
  }
  const head = CELLS.map(([name]) => name);
  return csv(
    head,
    rows.map((row) => CELLS.map(([, cell]) => cell(row))),
  );
}

/** The rows of calls, newest first. Those that are not at hand are asked for; what is gone is left out. */
export async function rowsOf(
  ids: readonly string[],
  known: readonly LogRow[],
): Promise<readonly LogRow[]> {
  const found = known.filter(({ id }) => ids.includes(id));
  const missing = ids.filter((id) => !found.some((row) => row.id === id));
  const asked = await Promise.all(
    missing.map(async (id) => {
      const page = await request<LogPage>("/logs", { query: { q: id, limit: 1 } });
      return page.data.filter((row) => row.id === id);
    }),
  );
  return [...found, ...asked.flat()].sort((one, other) =>
    one.created_at === other.created_at
      ? other.id.localeCompare(one.id)
      : other.created_at.localeCompare(one.created_at),
  );
}

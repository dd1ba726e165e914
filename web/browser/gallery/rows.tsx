import type { LogAttempt } from "~/api/logs";
import type { Column } from "~/components/columns";
import { Money } from "~/components/Money";
import { Ribbon, ribbonOf } from "~/components/Ribbon";
import { Status } from "~/components/Status";
import { Time } from "~/components/Time";
import { Tokens } from "~/components/Tokens";
import { duration } from "~/format";

export interface Row {
  id: string;
  at: number;
  model: string;
  input: number;
  output: number;
  ms: number;
  cost: string;
  attempts: LogAttempt[];
}

const MODELS = [
  "openai/gpt-4o-mini",
  "anthropic/claude-sonnet-4",
  "google/gemini-2.5-flash",
  "meta-llama/llama-3.3-70b",
];
const START = 1_795_190_000;

const attempt = (provider: string, status: number, ms: number): LogAttempt => ({
  provider,
  status,
  fault: status < 400 ? null : "rate_limited",
  latency_ms: ms,
  continued: false,
});

/** Rows as a log has them, always the same ones. */
export const ROWS: readonly Row[] = Array.from({ length: 10_000 }, (_, index) => {
  const ms = 300 + ((index * 7919) % 4200);
  const fell = index % 7 === 3;
  const failed = index % 41 === 5;
  const last = attempt(failed ? "OpenAI" : "Azure", failed ? 503 : 200, ms);
  return {
    id: `gen-${String(index).padStart(6, "0")}`,
    at: START - index * 37,
    model: MODELS[index % MODELS.length] ?? "",
    input: 40 + ((index * 131) % 12_000),
    output: 10 + ((index * 17) % 900),
    ms,
    cost: failed ? "0" : (0.000012 * ((index * 37) % 900)).toFixed(8),
    attempts: fell ? [attempt("OpenAI", 429, 120 + (index % 300)), last] : [last],
  };
});

const failed = (row: Row) => (row.attempts.at(-1)?.status ?? 200) >= 400;

export const COLUMNS: readonly Column<Row>[] = [
  { id: "time", header: "Time", width: 64, rank: 0, cell: (row) => <Time at={row.at} short /> },
  { id: "model", header: "Model", width: 150, grow: 2, rank: 0, cell: (row) => row.model },
  {
    id: "tokens",
    header: "Tokens",
    width: 140,
    align: "right",
    rank: 4,
    cell: (row) => <Tokens input={row.input} output={row.output} />,
  },
  {
    id: "ms",
    header: "Took",
    width: 72,
    align: "right",
    rank: 3,
    sortable: true,
    cell: (row) => duration(row.ms),
  },
  {
    id: "route",
    header: "Route",
    width: 72,
    rank: 2,
    cell: (row) => (
      <Ribbon
        segments={ribbonOf({
          attempts: row.attempts,
          cache_source: null,
          generation_time_ms: row.ms,
        })}
      />
    ),
  },
  {
    id: "status",
    header: "Status",
    width: 84,
    rank: 5,
    cell: (row) => (
      <Status tone={failed(row) ? "bad" : "good"}>{failed(row) ? "503" : "ok"}</Status>
    ),
  },
  {
    id: "cost",
    header: "Cost",
    width: 84,
    align: "right",
    rank: 1,
    sortable: true,
    cell: (row) => <Money dollars={row.cost} />,
  },
];

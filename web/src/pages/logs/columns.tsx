import type { ReactNode } from "react";
import type { LogRow } from "~/api/logs";
import type { Choosable } from "~/components/chosen-columns";
import { classes } from "~/components/classes";
import type { Column } from "~/components/columns";
import { Money } from "~/components/Money";
import { Ribbon, ribbonOf } from "~/components/Ribbon";
import { Status, type Tone } from "~/components/Status";
import { Time } from "~/components/Time";
import { Tokens } from "~/components/Tokens";
import { duration, speed, UNKNOWN } from "~/format";
import type { Room } from "./room";
import { keyWords } from "./words";

export const TONES: Record<LogRow["status"], Tone> = {
  ok: "good",
  cancelled: "warn",
  error: "bad",
};

/** Tokens per second, once the first had come; of what is not streamed, from the beginning. */
export function speedOf(row: {
  streamed: boolean;
  completion_tokens: number;
  generation_time_ms: number | null;
  latency_ms: number | null;
}): string {
  if (row.generation_time_ms === null || row.completion_tokens === 0) return UNKNOWN;
  const wait = row.streamed ? (row.latency_ms ?? 0) : 0;
  return speed(row.completion_tokens, row.generation_time_ms - wait);
}

function Model({ row }: { row: LogRow }) {
  const other = row.requested_model !== row.model;
  return (
    <span title={other ? `${row.requested_model} → ${row.model}` : row.model}>
      {row.error && <span className="mr-2 font-mono text-label text-bad">{row.error.status}</span>}
      {other && <span className="text-muted">{row.requested_model} → </span>}
      {row.model}
    </span>
  );
}

function Provider({ row }: { row: LogRow }) {
  if (row.cache_source) return <span className="text-muted">Told again</span>;
  if (row.provider !== null) return row.provider;
  const tried = row.attempts.at(-1)?.provider;
  return tried ? <span className="text-muted">{tried}</span> : UNKNOWN;
}

const text = (value: string | null): ReactNode => value ?? UNKNOWN;

type LogColumn = Column<LogRow>;

const TIME: LogColumn = {
  id: "time",
  header: "Time",
  width: 64,
  rank: 0,
  cell: (row) => <Time at={row.created_at} short />,
};

const DATED: LogColumn = {
  ...TIME,
  width: 132,
  cell: (row) => <Time at={row.created_at} />,
};

const COLUMNS: readonly LogColumn[] = [
  {
    id: "model",
    header: "Model",
    width: 120,
    grow: 3,
    rank: 0,
    cell: (row) => <Model row={row} />,
  },
  {
    id: "provider",
    header: "Provider",
    width: 88,
    grow: 1,
    rank: 3,
    cell: (row) => <Provider row={row} />,
  },
  {
    id: "key",
    header: "Key",
    width: 88,
    grow: 3,
    rank: 6,
    cell: (row) => <span title={keyWords(row)}>{keyWords(row)}</span>,
  },
  { id: "user", header: "User", width: 88, grow: 1, rank: 9, cell: (row) => text(row.user) },
  { id: "app", header: "App", width: 88, grow: 1, rank: 9, cell: (row) => text(row.app) },
  {
    id: "workspace",
    header: "Workspace",
    width: 96,
    grow: 1,
    rank: 9,
    cell: (row) => <span className="font-mono text-label">{row.workspace_id.slice(0, 8)}</span>,
  },
  { id: "api", header: "API", width: 88, rank: 9, cell: (row) => row.api_type },
  {
    id: "first",
    header: "First token",
    width: 72,
    align: "right",
    rank: 7,
    cell: (row) => duration(row.latency_ms),
  },
  {
    id: "took",
    header: "Took",
    width: 64,
    align: "right",
    rank: 4,
    cell: (row) => duration(row.generation_time_ms),
  },
  {
    id: "speed",
    header: "Speed",
    width: 80,
    align: "right",
    rank: 9,
    cell: speedOf,
  },
  {
    id: "tokens",
    header: "Tokens",
    width: 132,
    align: "right",
    rank: 5,
    // What is told again took none.
    cell: (row) =>
      row.cache_source ? (
        UNKNOWN
      ) : (
        <Tokens
          input={row.prompt_tokens}
          output={row.completion_tokens}
          cached={row.cached_tokens}
        />
      ),
  },
  {
    id: "route",
    header: "Route",
    width: 64,
    rank: 1,
    cell: (row) => <Ribbon segments={ribbonOf(row)} />,
  },
  {
    id: "finish",
    header: "Finished by",
    width: 88,
    rank: 9,
    cell: (row) => text(row.finish_reason),
  },
  {
    id: "session",
    header: "Session",
    width: 96,
    grow: 1,
    rank: 9,
    cell: (row) => text(row.session_id),
  },
  {
    id: "preset",
    header: "Preset",
    width: 96,
    grow: 1,
    rank: 9,
    cell: (row) => text(row.preset_id),
  },
  {
    id: "status",
    header: "Status",
    width: 80,
    rank: 8,
    cell: (row) => <Status tone={TONES[row.status]}>{row.status}</Status>,
  },
  {
    id: "cost",
    header: "Cost",
    width: 84,
    align: "right",
    rank: 2,
    cell: (row) => (
      <span className={classes(row.cost === "0" && "text-muted")}>
        <Money dollars={row.cost} />
      </span>
    ),
  },
];

/** Columns that can be chosen: all but the time and the model. */
export const CHOOSABLE: Choosable = {
  place: "logs",
  optional: COLUMNS.filter(({ id }) => id !== "model"),
  usual: ["provider", "key", "first", "took", "tokens", "route", "status", "cost"],
};

/** The columns of the table. Where a range is longer than a day, times have their day. */
export function columnsFor(chosen: readonly string[], dated: boolean, room: Room): LogColumn[] {
  const wanted = COLUMNS.filter(({ id }) => id === "model" || chosen.includes(id));
  const sized = wanted.map((column) =>
    column.id === "model" || column.id === "provider" || column.id === "key"
      ? { ...column, width: room[column.id] }
      : column,
  );
  return [dated ? DATED : TIME, ...sized];
}

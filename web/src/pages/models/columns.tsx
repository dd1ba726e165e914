import { Link } from "@tanstack/react-router";
import type { Model } from "~/api/catalogue";
import type { Choosable } from "~/components/chosen-columns";
import type { Column } from "~/components/columns";
import { Money } from "~/components/Money";
import { day, duration, perMillion, quantity, speed, UNKNOWN, uptime, whole } from "~/format";
import { released } from "./facets";
import { CALLS_MIN, type ModelUse, type ModelUses } from "./use";

export interface Ticks {
  ticked: readonly string[];
  onTick: (id: string) => void;
  /** How many can be compared at once. */
  max: number;
}

/** What our own calls came to: nothing to show where nobody called. */
const MEASURED: readonly string[] = ["latency", "speed", "uptime", "spend"];

/** The columns that can be chosen; what has no room goes by itself. */
export const CHOOSABLE: Choosable = {
  place: "models",
  optional: [
    { id: "input", header: "Takes" },
    { id: "context", header: "Context" },
    { id: "cached", header: "Cached /M" },
    { id: "created", header: "Released" },
    { id: "latency", header: "TTFT p50" },
    { id: "speed", header: "Speed" },
    { id: "uptime", header: "Uptime" },
    { id: "spend", header: "Spend 30 d" },
  ],
  usual: ["input", "context", "cached", "created", "latency", "speed", "uptime", "spend"],
};

/** A number of calls of ours: what it is of, or that there are too few, on hover. */
function Measured({ use, text }: { use: ModelUse | undefined; text: (use: ModelUse) => string }) {
  if (!use) return <span className="text-muted">{UNKNOWN}</span>;
  const few = use.calls < CALLS_MIN ? ": too few to say" : "";
  return <span title={`Of ${whole(use.calls)} calls in 30 days${few}`}>{text(use)}</span>;
}

/** `128 K` for what has no digits behind it. */
export const contextText = (tokens: number | null) =>
  tokens === null ? UNKNOWN : quantity(tokens).replace(/\.0+(?=\D)/, "");

/** The name without the maker, which the id beside it has. */
export const shortName = (model: Model) => model.name.replace(/^[^:]+: /, "");

/** The columns of the list that were chosen, with boxes for what is compared. */
export function modelColumns(
  ticks: Ticks,
  uses: ModelUses,
  chosen: readonly string[],
): Column<Model>[] {
  const optional = CHOOSABLE.optional.map(({ id }) => id);
  return allColumns(ticks, uses).filter(({ id }) => {
    if (MEASURED.includes(id) && uses.size === 0) return false;
    return !optional.includes(id) || chosen.includes(id);
  });
}

function allColumns({ ticked, onTick, max }: Ticks, uses: ModelUses): Column<Model>[] {
  return [
    {
      id: "tick",
      header: "Compare",
      width: 56,
      rank: 3,
      cell: (model) => (
        <label className="grid size-6 place-items-center">
          <input
            type="checkbox"
            aria-label={`Compare ${model.id}`}
            checked={ticked.includes(model.id)}
            disabled={ticked.length >= max && !ticked.includes(model.id)}
            onChange={() => onTick(model.id)}
            className="size-4 accent-accent"
          />
        </label>
      ),
    },
    {
      id: "name",
      header: "Model",
      width: 170,
      grow: 3,
      rank: 0,
      sortable: true,
      cell: (model) => (
        <>
          <Link to={`/${model.id}`} className="font-medium hover:underline">
            {shortName(model)}
          </Link>
          <span className="ml-2 font-mono text-label text-muted">{model.id}</span>
        </>
      ),
    },
    {
      id: "input",
      header: "Takes",
      width: 130,
      grow: 1,
      rank: 9,
      cell: (model) => (
        <span className="text-muted">{model.architecture.input_modalities.join(", ")}</span>
      ),
    },
    {
      id: "context",
      header: "Context",
      width: 70,
      align: "right",
      rank: 2,
      sortable: true,
      cell: (model) => contextText(model.context_length),
    },
    {
      id: "prompt",
      header: "In /M",
      width: 68,
      align: "right",
      rank: 0,
      sortable: true,
      cell: (model) => perMillion(model.pricing.prompt),
    },
    {
      id: "completion",
      header: "Out /M",
      width: 72,
      align: "right",
      rank: 1,
      sortable: true,
      cell: (model) => perMillion(model.pricing.completion),
    },
    {
      id: "cached",
      header: "Cached /M",
      width: 84,
      align: "right",
      rank: 8,
      sortable: true,
      cell: (model) => perMillion(model.pricing.input_cache_read),
    },
    {
      id: "created",
      header: "Released",
      width: 84,
      align: "right",
      rank: 7,
      sortable: true,
      cell: (model) => day(released(model), "utc"),
    },
    {
      id: "latency",
      header: "TTFT p50",
      width: 72,
      align: "right",
      rank: 5,
      sortable: true,
      cell: ({ id }) => <Measured use={uses.get(id)} text={({ latency }) => duration(latency)} />,
    },
    {
      id: "speed",
      header: "Speed",
      width: 80,
      align: "right",
      rank: 6,
      sortable: true,
      cell: ({ id }) => (
        <Measured use={uses.get(id)} text={({ throughput }) => speed(throughput, 1000)} />
      ),
    },
    {
      id: "uptime",
      header: "Uptime",
      width: 72,
      align: "right",
      rank: 4,
      sortable: true,
      cell: ({ id }) => <Measured use={uses.get(id)} text={({ uptime: share }) => uptime(share)} />,
    },
    {
      id: "spend",
      header: "Spend 30 d",
      width: 84,
      align: "right",
      rank: 3,
      sortable: true,
      cell: ({ id }) => {
        const use = uses.get(id);
        // A number leads to the rows behind it.
        return use ? (
          <Link to="/activity" search={{ model: id, range: "30d" }} className="hover:underline">
            <Money dollars={use.spend} as="total" />
          </Link>
        ) : (
          <span className="text-muted">{UNKNOWN}</span>
        );
      },
    },
  ];
}

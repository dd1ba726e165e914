import { Link } from "@tanstack/react-router";
import type { Model } from "~/api/catalogue";
import type { Column } from "~/components/columns";
import { day, perMillion, quantity, UNKNOWN } from "~/format";
import { released } from "./facets";

export interface Ticks {
  ticked: readonly string[];
  onTick: (id: string) => void;
  /** How many can be compared at once. */
  max: number;
}

/** `128 K` for what has no digits behind it. */
export const contextText = (tokens: number | null) =>
  tokens === null ? UNKNOWN : quantity(tokens).replace(/\.0+(?=\D)/, "");

/** The name without the maker, which the id beside it has. */
export const shortName = (model: Model) => model.name.replace(/^[^:]+: /, "");

/** The columns of the list, with boxes for what is compared. */
export function modelColumns({ ticked, onTick, max }: Ticks): Column<Model>[] {
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
      rank: 6,
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
      rank: 5,
      sortable: true,
      cell: (model) => perMillion(model.pricing.input_cache_read),
    },
    {
      id: "created",
      header: "Released",
      width: 84,
      align: "right",
      rank: 4,
      sortable: true,
      cell: (model) => day(released(model), "utc"),
    },
  ];
}

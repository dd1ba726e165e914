/**
 * JSON to walk through: folds, copies a path, finds text.
 *
 *     <JsonTree label="Request" value={body} />
 */
import { ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import { CopyButton } from "./CopyField";
import { CONTROL } from "./Field";

export interface JsonTreeProps {
  label: string;
  value: unknown;
  /** So many levels are unfolded at first. */
  depth?: number;
}

/** Text longer than this is cut, until it is asked for. */
const TEXT_MAX = 500;

export function JsonTree({ label, value, depth = 2 }: JsonTreeProps) {
  const [wanted, setWanted] = useState("");
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "", [value]);
  return (
    <figure aria-label={label} className="border bg-sunken">
      <div className="flex items-center gap-2 border-b p-1.5">
        <input
          type="search"
          aria-label={`Search in ${label}`}
          placeholder="Search"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          className={CONTROL}
        />
        <CopyButton label={label} value={text} text="Copy" />
      </div>
      <div className="overflow-x-auto p-2 font-mono text-label leading-5">
        <Node
          name={null}
          path="$"
          value={value}
          open={depth}
          wanted={wanted.trim().toLowerCase()}
        />
      </div>
    </figure>
  );
}

interface NodeProps {
  name: string | null;
  path: string;
  value: unknown;
  open: number;
  wanted: string;
}

/** Whether a text is in a value or in the names of its members. */
function holds(value: unknown, wanted: string): boolean {
  if (wanted === "") return true;
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).some(
      ([name, member]) => name.toLowerCase().includes(wanted) || holds(member, wanted),
    );
  }
  return String(value).toLowerCase().includes(wanted);
}

function Node({ name, path, value, open, wanted }: NodeProps) {
  const [chosen, setChosen] = useState<boolean | null>(null);
  if (typeof value !== "object" || value === null) {
    return (
      <div className="pl-5" title={path}>
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  const list = Array.isArray(value);
  const members = Object.entries(value).filter(
    ([member, inside]) => member.toLowerCase().includes(wanted) || holds(inside, wanted),
  );
  const unfolded = chosen ?? (wanted !== "" || open > 0);
  const size = `${list ? "[" : "{"}${Object.keys(value).length}${list ? "]" : "}"}`;
  return (
    <div>
      <button
        type="button"
        aria-expanded={unfolded}
        onClick={() => setChosen(!unfolded)}
        title={path}
        className="flex min-h-6 items-center gap-1 text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={`size-4 shrink-0 text-muted ${unfolded ? "rotate-90" : ""}`}
        />
        <Name name={name} />
        <span className="text-muted">{size}</span>
      </button>
      {unfolded && (
        <div className="ml-2 border-l pl-2">
          {members.map(([member, inside]) => (
            <Node
              key={member}
              name={member}
              path={list ? `${path}[${member}]` : `${path}.${member}`}
              value={inside}
              open={open - 1}
              wanted={wanted}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span className="text-accent">{name}: </span>;
}

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") {
    return <span className="text-warn">{String(value)}</span>;
  }
  const long = value.length > TEXT_MAX && !whole;
  return (
    <span className="break-all whitespace-pre-wrap text-good">
      "{long ? value.slice(0, TEXT_MAX) : value}"
      {long && (
        <button type="button" className="ml-1 text-accent underline" onClick={() => setWhole(true)}>
          …{value.length - TEXT_MAX} more
        </button>
      )}
    </span>
  );
}

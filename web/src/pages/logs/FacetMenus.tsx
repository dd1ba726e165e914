import { Popover } from "@base-ui/react/popover";
import { useQuery } from "@tanstack/react-query";
import { Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import { type LogFacet, type LogFacetField, logFacetsQuery } from "~/api/logs";
import { Button } from "~/components/Button";
import { classes } from "~/components/classes";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { NARROW, quantity } from "~/format";
import type { View } from "./view";

const FACETS: readonly { field: LogFacetField; label: string }[] = [
  { field: "status", label: "Status" },
  { field: "model", label: "Model" },
  { field: "provider", label: "Provider" },
  { field: "key", label: "Key" },
  { field: "user", label: "User" },
  { field: "app", label: "App" },
];

/** The values that calls have in each field, with how many of them have it. */
export function FacetMenus({ view }: { view: View }) {
  return (
    <fieldset className="flex gap-1 overflow-x-auto" aria-label="Filter by">
      {FACETS.map(({ field, label }) => (
        <FacetMenu key={field} field={field} label={label} view={view} />
      ))}
    </fieldset>
  );
}

interface FacetMenuProps {
  field: LogFacetField;
  label: string;
  view: View;
}

function FacetMenu({ field, label, view }: FacetMenuProps) {
  const [open, setOpen] = useState(false);
  const terms = view.filters[field]?.length ?? 0;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        render={
          <Button variant="quiet" size="sm" className="font-normal">
            {label}
            {terms > 0 && <span className="text-accent">{terms}</span>}
            <ChevronDown aria-hidden className="size-3" />
          </Button>
        }
      />
      <Popover.Portal>
        <Popover.Positioner align="start" sideOffset={4} className="z-50">
          <Popover.Popup
            aria-label={`Filter by ${label.toLowerCase()}`}
            className="floats max-h-[min(24rem,var(--available-height))] w-80 max-w-[calc(100vw-2rem)] overflow-y-auto rounded-md border bg-surface p-1 shadow-float"
          >
            <Values field={field} label={label} view={view} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Values({ field, label, view }: FacetMenuProps) {
  const { data, error, isPending, refetch } = useQuery(logFacetsQuery(field, view.query));
  if (error && !data) {
    return (
      <ErrorPanel what="The values can't be read" error={error} onRetry={() => void refetch()} />
    );
  }
  if (isPending || !data) return <Loading label={label} rows={4} />;
  if (data.data.length === 0) {
    return <p className="px-2 py-1.5 text-muted">No call of this range has one.</p>;
  }
  const about = data.coverage.one_in > 1 ? `≈${NARROW}` : "";
  return (
    <>
      <ul>
        {ordered(field, data.data).map(({ value, label: shown, count }) => {
          const term = view.filters[field]?.find((one) => one.value === value);
          return (
            <li key={value}>
              <button
                type="button"
                aria-pressed={term !== undefined}
                onClick={(event) =>
                  event.altKey ? view.filterBy(field, value, true) : view.toggle(field, value)
                }
                className={classes(
                  "flex min-h-7 w-full items-center gap-2 rounded-sm px-2 text-left hover:bg-hover pointer-coarse:min-h-11",
                  // A status stands below "error", which it is one of.
                  field === "status" && /^\d/.test(value) && "pl-6",
                )}
              >
                <span className="w-4 shrink-0">
                  {term && <Check aria-hidden className="size-4" />}
                </span>
                <span className="truncate">
                  {term?.excluded && <span className="text-bad">not </span>}
                  {shown}
                </span>
                <span className="ml-auto pl-3 text-muted">
                  {about}
                  {quantity(count)}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      <p className="border-t px-2 pt-1.5 pb-0.5 text-label text-muted">
        Alt and a click leave a value out.
      </p>
    </>
  );
}

/** Statuses of errors below "error", which they are some of; other values by how many have them. */
function ordered(field: LogFacetField, values: readonly LogFacet[]): readonly LogFacet[] {
  if (field !== "status") return values;
  const place = ({ value }: LogFacet) =>
    value === "ok" ? 0 : value === "error" ? 1 : value === "cancelled" ? 3 : 2;
  return [...values].sort((one, other) => place(one) - place(other));
}

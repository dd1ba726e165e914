/**
 * Which columns a table has: `<ColumnChooser of={COLUMNS} chosen={chosen} onChange={setChosen} />`, with
 * `useChosenColumns(COLUMNS)`. What has no room goes by itself; the sheet has all of it.
 */
import { Popover } from "@base-ui/react/popover";
import { Columns3 } from "lucide-react";
import { Button } from "./Button";
import type { Choosable } from "./chosen-columns";

export interface ColumnChooserProps {
  of: Choosable;
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

export function ColumnChooser({ of, chosen, onChange }: ColumnChooserProps) {
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <Popover.Root>
      <Popover.Trigger
        render={
          <Button variant="quiet" icon={<Columns3 aria-hidden className="size-4" />}>
            Columns
          </Button>
        }
      />
      <Popover.Portal>
        <Popover.Positioner align="end" sideOffset={4} className="z-50">
          <Popover.Popup
            aria-label="Columns"
            className="floats max-h-(--available-height) w-48 overflow-y-auto rounded-md border bg-surface p-1 shadow-float"
          >
            {of.optional.map(({ id, header }) => (
              <label
                key={id}
                className="flex min-h-7 items-center gap-2 rounded-sm px-2 hover:bg-hover pointer-coarse:min-h-11"
              >
                <input
                  type="checkbox"
                  checked={chosen.includes(id)}
                  onChange={() => toggle(id)}
                  className="size-4"
                />
                {header}
              </label>
            ))}
            <div className="-mx-1 mt-1 border-t p-1">
              <Button variant="quiet" size="sm" onClick={() => onChange(of.usual)}>
                The usual ones
              </Button>
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

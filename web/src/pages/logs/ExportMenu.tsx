import { Popover } from "@base-ui/react/popover";
import { Download } from "lucide-react";
import { logExportAddress } from "~/api/logs";
import { Button } from "~/components/Button";

const FORMATS = [
  { format: "csv", label: "CSV", hint: "for spreadsheets" },
  { format: "json", label: "JSON", hint: "as the API has it" },
] as const;

/** Every call that matches as a file, by links that the browser follows: nothing is held here. */
export function ExportMenu({ query }: { query: Record<string, string> }) {
  return (
    <Popover.Root>
      <Popover.Trigger
        render={
          <Button variant="quiet" icon={<Download aria-hidden className="size-4" />}>
            Export
          </Button>
        }
      />
      <Popover.Portal>
        <Popover.Positioner align="end" sideOffset={4} className="z-50">
          <Popover.Popup
            aria-label="Export"
            className="floats w-60 rounded-md border bg-surface p-1 shadow-float"
          >
            {FORMATS.map(({ format, label, hint }) => (
              <a
                key={format}
                href={logExportAddress(format, query)}
                download
                className="flex min-h-7 items-center rounded-sm px-2 hover:bg-hover pointer-coarse:min-h-11"
              >
                {label}
                <span className="ml-auto text-muted">{hint}</span>
              </a>
            ))}
            <p className="-mx-1 mt-1 border-t px-3 pt-1.5 pb-0.5 text-label text-muted">
              Every call that matches, not only those that were scrolled to.
            </p>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/**
 * What is shown, as a file that the browser writes:
 *
 *     <SaveMenu label="Save Spend per hour" name="tollgate-spend" write={(format) => …} />
 *
 * Give `text` for a button with words; else it is an icon.
 */
import { Download } from "lucide-react";
import { Button } from "./Button";
import { Menu } from "./Menu";
import { saveText } from "./save-text";

export type FileFormat = "csv" | "json";

export interface SaveMenuProps {
  label: string;
  /** Of the file, without its ending. */
  name: string;
  write: (format: FileFormat) => string;
  text?: string;
}

const FORMATS = [
  { format: "csv", label: "CSV", hint: "for spreadsheets", type: "text/csv" },
  { format: "json", label: "JSON", hint: "for programs", type: "application/json" },
] as const;

export function SaveMenu({ label, name, write, text }: SaveMenuProps) {
  return (
    <Menu
      label={label}
      items={FORMATS.map(({ format, label: words, hint, type }) => ({
        label: words,
        hint,
        run: () => saveText(`${name}.${format}`, type, write(format)),
      }))}
      trigger={
        <Button
          variant="quiet"
          size="sm"
          aria-label={label}
          title={label}
          icon={<Download aria-hidden className="size-3.5" />}
        >
          {text}
        </Button>
      }
    />
  );
}

import { Download } from "lucide-react";
import { logExportAddress } from "~/api/logs";
import { Button } from "~/components/Button";
import { Menu } from "~/components/Menu";

/** Every call that matches as a file, by a link that the browser follows: nothing is held here. */
export function ExportMenu({ query }: { query: Record<string, string> }) {
  const save = (format: "csv" | "json") => {
    const link = document.createElement("a");
    link.href = logExportAddress(format, query);
    link.download = "";
    link.click();
  };
  return (
    <Menu
      label="Export"
      trigger={
        <Button variant="quiet" icon={<Download aria-hidden className="size-4" />}>
          Export
        </Button>
      }
      items={[
        { label: "CSV", hint: "all that match", run: () => save("csv") },
        { label: "JSON", hint: "all that match", run: () => save("json") },
      ]}
    />
  );
}

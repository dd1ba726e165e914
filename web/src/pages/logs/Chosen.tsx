import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Download, GitCompareArrows, X } from "lucide-react";
import type { LogRow } from "~/api/logs";
import { Button, buttonClass } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { saveText } from "~/components/save-text";
import { whole } from "~/format";
import { fileOf, rowsOf } from "./chosen-file";

interface ChosenProps {
  ids: readonly string[];
  /** What the list has already. */
  rows: readonly LogRow[];
  onClear: () => void;
}

const TYPES = { csv: "text/csv", json: "application/json" } as const;

/** What can be done with the calls that are chosen. It floats: no row moves when the first is. */
export function Chosen({ ids, rows, onClear }: ChosenProps) {
  const save = useMutation({
    mutationFn: async (format: "csv" | "json") => {
      const found = await rowsOf(ids, rows);
      const day = new Date().toISOString().slice(0, 10);
      saveText(`tollgate-logs_chosen_${day}.${format}`, TYPES[format], fileOf(found, format));
    },
  });
  const [a, b] = ids;
  return (
    <section
      aria-label="Chosen calls"
      className="floats absolute inset-x-0 bottom-3 z-20 mx-auto flex w-fit max-w-full flex-wrap items-center gap-1 rounded-md border bg-surface py-1 pr-1 pl-3 shadow-float"
    >
      <p role="status" className="mr-2 font-medium">
        {whole(ids.length)} chosen
      </p>
      {ids.length === 2 ? (
        <Link to="/logs/compare" search={{ a, b }} className={buttonClass("primary", "sm")}>
          <GitCompareArrows aria-hidden className="size-3.5" />
          Compare
        </Link>
      ) : (
        <Button size="sm" disabled title="Two calls can be compared">
          Compare two
        </Button>
      )}
      {(["csv", "json"] as const).map((format) => (
        <Button
          key={format}
          variant="quiet"
          size="sm"
          busy={save.isPending && save.variables === format}
          onClick={() => save.mutate(format)}
          icon={<Download aria-hidden className="size-3.5" />}
        >
          {format.toUpperCase()}
        </Button>
      ))}
      <Button
        variant="quiet"
        size="sm"
        aria-label="Choose none"
        onClick={onClear}
        icon={<X aria-hidden className="size-3.5" />}
      />
      {save.error && (
        <p role="alert" className="basis-full pb-1 text-label text-bad">
          {messageOf(save.error)}
        </p>
      )}
    </section>
  );
}

import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import { saveBlob } from "~/components/save-text";
import { statementFile } from "./queries";

const KINDS = [
  { ending: "csv", label: "CSV", type: "text/csv" },
  { ending: "pdf", label: "PDF", type: "application/pdf" },
] as const;

/** The statement as the gateway writes it into a file. */
export function Downloads({ account, month }: { account: string; month: string }) {
  const save = useMutation({
    mutationFn: async ({ ending, type }: (typeof KINDS)[number]) => {
      saveBlob(
        `statement_${account}_${month}.${ending}`,
        await statementFile(account, month, type),
      );
    },
  });
  return (
    <span className="ml-auto flex flex-wrap items-center gap-2">
      {save.error && (
        <span role="alert" className="text-bad">
          {messageOf(save.error)}
        </span>
      )}
      {KINDS.map((kind) => (
        <Button
          key={kind.ending}
          size="sm"
          busy={save.isPending && save.variables.ending === kind.ending}
          aria-label={`Download ${kind.label}`}
          onClick={() => save.mutate(kind)}
          icon={<Download aria-hidden className="size-3.5" />}
        >
          {kind.label}
        </Button>
      ))}
    </span>
  );
}

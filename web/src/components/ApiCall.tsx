/**
 * "Show API call": the call that answers what a page shows, so that a program can ask the same.
 *
 *     <ApiCall method="GET" path="/logs" query={{ ...filterQuery(filters), ...spanQuery(span) }} />
 *     <ApiCall method="POST" path="/keys" body={form} />
 */
import { Code2 } from "lucide-react";
import { useState } from "react";
import { address } from "~/api/client";
import { Button } from "./Button";
import { Code } from "./Code";
import { CopyButton } from "./CopyField";
import { Dialog } from "./Dialog";
import { shellQuoted } from "./samples";

export interface ApiCallProps {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
}

/** A call as a line for a shell. */
export function curl({ method, path, query, body }: ApiCallProps): string {
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}${shellQuoted(address(path, query))}`,
    '-H "Authorization: Bearer $TOLLGATE_MANAGEMENT_KEY"',
  ];
  if (body !== undefined) {
    lines.push('-H "Content-Type: application/json"');
    lines.push(`-d ${shellQuoted(JSON.stringify(body, null, 2))}`);
  }
  return lines.join(" \\\n  ");
}

/** `and` is a further call, where one does not answer all that is shown. */
export function ApiCall({ and, ...props }: ApiCallProps & { and?: ApiCallProps }) {
  const [open, setOpen] = useState(false);
  const code = and ? `${curl(props)}\n\n${curl(and)}` : curl(props);
  return (
    <>
      <Button
        variant="quiet"
        icon={<Code2 aria-hidden className="size-4" />}
        onClick={() => setOpen(true)}
      >
        Show API call
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="The same by API"
        wide
        actions={<CopyButton label="API call" value={code} text="Copy" />}
      >
        <p className="mb-3 text-muted">
          With a management key of yours in TOLLGATE_MANAGEMENT_KEY this does what the page does.
        </p>
        <Code code={code} language="bash" />
      </Dialog>
    </>
  );
}

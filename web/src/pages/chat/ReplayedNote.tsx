import { Link } from "@tanstack/react-router";
import { History, X } from "lucide-react";
import { Button } from "~/components/Button";
import { messageOf } from "~/components/ErrorPanel";
import type { Replayed } from "./use-replay";

/** Where a conversation comes from, and what of it could not be taken along. */
export function ReplayedNote({ replayed, onClose }: { replayed: Replayed; onClose: () => void }) {
  const { generation, notes, error } = replayed;
  return (
    <div className="flex items-start gap-2 border-b bg-sunken px-4 py-2 text-label md:px-6">
      <History aria-hidden className="mt-0.5 size-3.5 shrink-0 text-muted" />
      <p role="status" className="min-w-0 flex-1">
        {error === null ? "From the call " : "This call can't be replayed: "}
        <Link
          to="/logs"
          search={{ open: generation, q: generation, range: "30d" }}
          className="font-mono break-all text-accent underline"
        >
          {generation}
        </Link>
        {error === null ? `. ${notes.join(" ")}` : `. ${messageOf(error)}`}
      </p>
      <Button
        variant="quiet"
        size="sm"
        aria-label="Close the note"
        onClick={onClose}
        icon={<X aria-hidden className="size-3.5" />}
      />
    </div>
  );
}

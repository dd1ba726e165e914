import { Paperclip, Pencil } from "lucide-react";
import { useState } from "react";
import { Button } from "~/components/Button";
import { CopyButton } from "~/components/CopyField";
import { CONTROL } from "~/components/Field";
import { Tooltip } from "~/components/Tooltip";
import { bytes } from "~/format";
import type { Attachment, Turn } from "./conversation";
import { useChat } from "./use-chat";

/** What was asked, across all columns. It can be changed and asked again. */
export function Prompt({ turn }: { turn: Turn }) {
  const { store, models } = useChat();
  const [edited, setEdited] = useState<string | null>(null);
  const resend = () => {
    if (edited === null) return;
    store.resend(turn.id, edited, models);
    setEdited(null);
  };
  return (
    <div className="col-span-full border-y bg-sunken px-4 py-2 first:border-t-0 md:px-6">
      <div className="sticky left-4 -my-0.5 flex w-full max-w-[84ch] items-start gap-2">
        {edited === null ? (
          <>
            <div className="min-w-0">
              <p className="pt-1 text-read break-words whitespace-pre-wrap pointer-coarse:pt-3">
                {turn.prompt}
              </p>
              {turn.attachments.length > 0 && (
                <ul className="mt-1.5 flex flex-wrap gap-2">
                  {turn.attachments.map((one) => (
                    <li key={one.id}>
                      <Attached attachment={one} />
                    </li>
                  ))}
                </ul>
              )}
            </div>
            <Tooltip text="Edit and resend">
              <Button
                variant="quiet"
                size="sm"
                aria-label="Edit and resend"
                icon={<Pencil aria-hidden className="size-3.5" />}
                onClick={() => setEdited(turn.prompt)}
              />
            </Tooltip>
            <CopyButton label="prompt" value={turn.prompt} />
          </>
        ) : (
          <form
            aria-label="Edit and resend"
            className="flex flex-1 flex-col gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              resend();
            }}
          >
            <textarea
              aria-label="Prompt"
              rows={3}
              required
              // biome-ignore lint/a11y/noAutofocus: whoever asked to edit wants to type
              autoFocus
              value={edited}
              onChange={(event) => setEdited(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Escape") setEdited(null);
                if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
                  event.preventDefault();
                  if (edited.trim() !== "") resend();
                }
              }}
              className={`${CONTROL} h-auto resize-y py-1.5 text-read pointer-coarse:h-auto`}
            />
            <div className="flex flex-wrap items-center gap-2">
              <Button type="submit" size="sm">
                Resend
              </Button>
              <Button size="sm" variant="quiet" onClick={() => setEdited(null)}>
                Cancel
              </Button>
              <span className="text-label text-muted">What came after it is dropped.</span>
            </div>
          </form>
        )}
      </div>
    </div>
  );
}

function Attached({ attachment }: { attachment: Attachment }) {
  const { kind, name, size, data } = attachment;
  if (kind === "image" && data !== null) {
    return <img src={data} alt={name} className="max-h-32 max-w-48 border" />;
  }
  return (
    <span className="inline-flex items-center gap-1.5 border px-2 py-0.5 text-label">
      <Paperclip aria-hidden className="size-3" />
      {name} <span className="text-muted">{bytes(size)}</span>
      {data === null && <span className="text-muted">not kept; attach it again</span>}
    </span>
  );
}

import { ArrowUp, Paperclip, Square, X } from "lucide-react";
import {
  type ClipboardEvent,
  type DragEvent,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useNarrow } from "~/app/media";
import { Button } from "~/components/Button";
import { Tooltip } from "~/components/Tooltip";
import { bytes, quantity } from "~/format";
import { acceptedBy, attachmentOf, KIND_WORDS, readsKind } from "./attach";
import { type Attachment, letterOf, type Turn } from "./conversation";
import { Estimate } from "./Estimate";
import { Purse } from "./Purse";
import { settingsErrors } from "./request";
import { modelOf, useChat, useConversation, useRunning } from "./use-chat";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Where a prompt is written. Enter sends, Shift and Enter begin a line. */
export function Composer({ blind }: { blind: boolean }) {
  const chat = useChat();
  const { store, key, models } = chat;
  const { columns, settings, turns } = useConversation();
  const { prompt, attachments } = useSyncExternalStore(store.subscribe, store.draft);
  const kept = useSyncExternalStore(store.subscribe, store.kept);
  const running = useRunning();
  const narrow = useNarrow();
  const [refused, setRefused] = useState<string | null>(null);
  const files = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // Where there is a keyboard, what is typed goes here; on a screen to touch one would pop up.
    const elsewhere = document.activeElement?.closest("input, textarea, [role=dialog]");
    if (!elsewhere && !matchMedia("(pointer: coarse)").matches) field.current?.focus();
  }, []);
  const asked = columns.map((column) => modelOf(chat, column));
  const accepted = acceptedBy(asked);
  const problem =
    columns.length === 0 || columns.some((_, index) => asked[index] === undefined)
      ? `Choose a model for ${letterOf(asked.indexOf(undefined))}.`
      : (settingsErrors(settings)[0] ?? unreadable(attachments, asked));
  const empty = prompt.trim() === "" && attachments.length === 0;

  const add = async (list: Iterable<File>) => {
    const results = await Promise.all(Array.from(list, attachmentOf));
    setRefused(results.find((one) => typeof one === "string") ?? null);
    const made = results.filter((one) => typeof one !== "string");
    if (made.length > 0) {
      store.setDraft({ attachments: [...store.draft().attachments, ...made] });
    }
  };
  const send = () => {
    if (problem !== null || empty || running > 0) return;
    store.send(models, blind);
    // The button becomes another one; on a phone the keyboard should go.
    if (!narrow) document.getElementById("chat-prompt")?.focus();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    void add(event.clipboardData.files);
  };
  const onDrop = (event: DragEvent) => {
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    void add(event.dataTransfer.files);
  };
  const draft: Turn = { id: "draft", prompt, attachments, answers: {} };
  return (
    <form
      aria-label="Prompt"
      className="border-t px-4 pt-3 pb-3 md:px-6"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={onDrop}
    >
      {attachments.length > 0 && (
        <Attachments
          attachments={attachments}
          onChange={(next) => store.setDraft({ attachments: next })}
        />
      )}
      <div className="flex items-end gap-2">
        <Tooltip
          text={accepted === "" ? attachWords(asked.length) : "Attach a picture, PDF or sound"}
        >
          <Button
            variant="quiet"
            aria-label="Attach"
            aria-disabled={accepted === "" || undefined}
            className={accepted === "" ? "opacity-50" : ""}
            icon={<Paperclip aria-hidden className="size-4" />}
            onClick={() => {
              if (accepted === "") setRefused(attachWords(asked.length));
              else files.current?.click();
            }}
          />
        </Tooltip>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          accept={accepted}
          aria-label="Files to attach"
          onChange={(event) => {
            void add(event.target.files ?? []);
            event.target.value = "";
          }}
        />
        <textarea
          ref={field}
          id="chat-prompt"
          aria-label="Message"
          placeholder={turns.length === 0 ? "Ask something" : "Ask on"}
          rows={1}
          value={prompt}
          onPaste={onPaste}
          onChange={(event) => {
            store.setDraft({ prompt: event.target.value });
            // The key is on its way while somebody types. If it can't be had, the column says so.
            void key.secret().catch(() => undefined);
          }}
          onKeyDown={(event) => {
            // Away from here, letters are shortcuts again.
            if (event.key === "Escape" && running === 0) event.currentTarget.blur();
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            // On a phone, Enter begins a line.
            if (narrow && !event.metaKey && !event.ctrlKey) return;
            event.preventDefault();
            send();
          }}
          className="field-sizing-content max-h-[188px] min-h-8 flex-1 resize-none rounded-md border border-line-strong bg-surface px-2.5 py-[4px] text-read hover:border-muted pointer-coarse:min-h-11 pointer-coarse:py-2.5 pointer-coarse:text-[16px]"
        />
        {running > 0 ? (
          <Button
            variant="primary"
            icon={<Square aria-hidden className="size-3 fill-current" />}
            onClick={() => store.stopAll()}
          >
            {running > 1 ? "Stop all" : "Stop"}
          </Button>
        ) : (
          <Button
            type="submit"
            variant="primary"
            disabled={empty || problem !== null}
            icon={<ArrowUp aria-hidden className="size-4" />}
          >
            Send
          </Button>
        )}
      </div>
      <div className="mt-1.5 flex flex-wrap items-center gap-x-4 gap-y-0.5 text-label text-muted">
        <Purse />
        {!kept && <span className="text-warn">This browser has no room to keep this chat.</span>}
        <span role="status" className="text-warn">
          {refused ?? (empty && problem?.startsWith("Choose") ? null : problem)}
        </span>
        <span className="ml-auto">
          {running > 0 ? (
            "Esc stops"
          ) : empty ? (
            !narrow &&
            `Enter sends, Shift+Enter begins a line, ${isMac ? "⌘" : "Ctrl+"}1–4 go to models`
          ) : (
            <Estimate turn={draft} />
          )}
        </span>
      </div>
    </form>
  );
}

const attachWords = (count: number): string =>
  count > 1
    ? "Not all of these models read pictures, PDFs or sound."
    : "This model reads neither pictures, PDFs nor sound.";

/** Which model can't read what is attached. */
function unreadable(
  attachments: readonly Attachment[],
  asked: readonly Parameters<typeof readsKind>[0][],
): string | null {
  for (const { kind } of attachments) {
    const letters = asked.flatMap((model, index) =>
      readsKind(model, kind) ? [] : [letterOf(index)],
    );
    if (letters.length > 0) {
      const verb = letters.length > 1 ? "don't" : "doesn't";
      return `${letters.join(" and ")} ${verb} read ${KIND_WORDS[kind]}.`;
    }
  }
  return null;
}

interface AttachmentsProps {
  attachments: readonly Attachment[];
  onChange: (attachments: Attachment[]) => void;
}

function Attachments({ attachments, onChange }: AttachmentsProps) {
  return (
    <ul aria-label="Attached" className="mb-2 flex flex-wrap gap-2">
      {attachments.map((one) => (
        <li key={one.id} className="flex items-center gap-2 border py-1 pr-1 pl-2 text-label">
          {one.kind === "image" && one.data !== null && (
            <img src={one.data} alt="" className="size-8 object-cover" />
          )}
          <span className="max-w-48 truncate">{one.name}</span>
          <span className="text-muted">{bytes(one.size)}</span>
          <Button
            variant="quiet"
            size="sm"
            aria-label={`Remove ${one.name}`}
            icon={<X aria-hidden className="size-3.5" />}
            onClick={() => onChange(attachments.filter(({ id }) => id !== one.id))}
          />
        </li>
      ))}
      <li className="sr-only">{quantity(attachments.length)} attached</li>
    </ul>
  );
}

import { Link } from "@tanstack/react-router";
import { Download, Plus, Trash2 } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { useZone } from "~/app/preferences";
import { Button } from "~/components/Button";
import { ConfirmDialog } from "~/components/Dialog";
import { CONTROL } from "~/components/Field";
import { saveText } from "~/components/save-text";
import { Tooltip } from "~/components/Tooltip";
import { day, type Zone } from "~/format";
import { modelsText } from "./conversation";
import { asMarkdown } from "./export";
import type { Summary } from "./history";
import { useChat, useConversation } from "./use-chat";

/** The chats that this browser keeps, by day. */
export function Chats({ onChosen }: { onChosen?: (() => void) | undefined }) {
  const { store } = useChat();
  const summaries = useSyncExternalStore(store.subscribe, store.summaries);
  const current = useConversation();
  const [wanted, setWanted] = useState("");
  const [clearing, setClearing] = useState(false);
  const [zone] = useZone();
  const found = summaries.filter(({ title, models }) =>
    `${title} ${models.join(" ")}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  const days = byDay(found, zone);
  const exportAll = () =>
    saveText(
      `chat-${current.id}.md`,
      "text/markdown",
      asMarkdown(current, (id) => store.answer(id)),
    );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex gap-2 px-3 py-2">
        <input
          type="search"
          aria-label="Search chats"
          placeholder="Search chats"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          className={CONTROL}
        />
        <Tooltip text="New chat">
          <Button
            aria-label="New chat"
            icon={<Plus aria-hidden className="size-4" />}
            onClick={() => {
              store.fresh();
              onChosen?.();
            }}
          />
        </Tooltip>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <div className="min-h-0 flex-1 overflow-y-auto px-1.5" tabIndex={0}>
        {summaries.length === 0 && (
          <p className="px-2 py-2 text-muted">
            What you ask is kept here, in this browser only. Pictures and files are not.
          </p>
        )}
        {summaries.length > 0 && found.length === 0 && (
          <p className="px-2 py-2 text-muted">No chat matches.</p>
        )}
        {days.map(([date, list]) => (
          <section key={date} aria-label={date} className="mb-3">
            <h2 className="px-2 py-1 text-label text-muted">{date}</h2>
            <ul>
              {list.map((summary) => (
                <ChatRow
                  key={summary.id}
                  summary={summary}
                  selected={summary.id === current.id}
                  onChosen={onChosen}
                />
              ))}
            </ul>
          </section>
        ))}
      </div>
      {summaries.length > 0 && (
        <div className="flex gap-1 border-t px-2 py-1.5">
          <Button
            variant="quiet"
            size="sm"
            icon={<Download aria-hidden className="size-3.5" />}
            onClick={exportAll}
            disabled={current.turns.length === 0}
          >
            Export
          </Button>
          <Button variant="quiet" size="sm" onClick={() => setClearing(true)}>
            Delete all
          </Button>
        </div>
      )}
      <ConfirmDialog
        open={clearing}
        onClose={() => setClearing(false)}
        title="Delete all chats of this browser?"
        act="Delete all"
        onConfirm={() => {
          store.forgetAll();
          setClearing(false);
        }}
      >
        They are kept nowhere else. The log of requests stays as it is.
      </ConfirmDialog>
    </div>
  );
}

function byDay(list: readonly Summary[], zone: Zone): [string, Summary[]][] {
  const days = new Map<string, Summary[]>();
  for (const summary of list) {
    const date = day(summary.at, zone);
    const known = days.get(date);
    if (known) known.push(summary);
    else days.set(date, [summary]);
  }
  return [...days];
}

interface ChatRowProps {
  summary: Summary;
  selected: boolean;
  onChosen: (() => void) | undefined;
}

function ChatRow({ summary, selected, onChosen }: ChatRowProps) {
  const { store } = useChat();
  return (
    <li className="group flex items-center rounded-md hover:bg-hover">
      <Link
        to="/chat"
        search={{ chat: summary.id }}
        aria-current={selected ? "true" : undefined}
        onClick={() => onChosen?.()}
        className={`flex min-h-8 min-w-0 flex-1 flex-col justify-center rounded-md px-2 py-1 pointer-coarse:min-h-11 ${selected ? "bg-hover font-medium" : ""}`}
      >
        <span className="truncate">{summary.title}</span>
        <span className="truncate text-axis font-normal text-muted">
          {modelsText(summary.models)}
        </span>
      </Link>
      <Button
        variant="quiet"
        size="sm"
        aria-label={`Delete ${summary.title}`}
        className="opacity-0 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        icon={<Trash2 aria-hidden className="size-3.5" />}
        onClick={() => store.forget(summary.id)}
      />
    </li>
  );
}

import { Code2, History as HistoryIcon, Plus, Share2, SlidersHorizontal } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { useMedia, useNarrow } from "~/app/media";
import { Button } from "~/components/Button";
import { Page } from "~/components/Page";
import { Sheet } from "~/components/Sheet";
import { useShortcuts } from "~/keyboard/shortcuts";
import { Chats } from "./Chats";
import { Composer } from "./Composer";
import { COLUMNS_MAX, letterOf, newColumn } from "./conversation";
import { DraftRequest } from "./RequestDialog";
import { SettingsForm, settingsCount } from "./SettingsForm";
import { ShareDialog } from "./ShareDialog";
import { Thread } from "./Thread";
import { useAddress } from "./use-address";
import { useChat, useConversation, useRunning } from "./use-chat";

type Opened = "share" | "request" | null;

export function Playground() {
  const chat = useChat();
  useAddress(chat);
  const { store } = chat;
  const { columns, settings } = useConversation();
  const running = useRunning();
  const narrow = useNarrow();
  const wide = useMedia("(min-width: 1500px)");
  const [chats, setChats] = useState<boolean | null>(null);
  const [form, setForm] = useState(false);
  const [opened, setOpened] = useState<Opened>(null);
  /** The only column that is shown; null shows all. */
  const [shown, setShown] = useState<string | null>(null);
  const kept = useSyncExternalStore(store.subscribe, store.summaries).length;
  const listed = chats ?? (wide && kept > 0);
  const set = settingsCount(settings);

  const focusColumn = (index: number) => {
    const column = columns[index];
    if (!column) return;
    if (narrow || shown !== null) setShown(column.id);
    document.getElementById(`column-${letterOf(index)}`)?.focus();
  };
  useShortcuts([
    ...(running > 0
      ? [
          {
            keys: "Escape",
            label: "Stop all answers",
            group: "Playground",
            run: () => store.stopAll(),
            whileTyping: true,
          },
        ]
      : []),
    { keys: "n", label: "New chat", group: "Playground", run: () => store.fresh() },
    ...columns.map((_, index) => ({
      keys: `mod+${index + 1}`,
      label: `Model ${letterOf(index)}`,
      group: "Playground",
      run: () => focusColumn(index),
      whileTyping: true,
    })),
  ]);

  const addColumn = () => {
    store.setColumns([...columns, newColumn(null)]);
    setShown(null);
  };
  const list = <Chats onChosen={narrow ? () => setChats(false) : undefined} />;
  return (
    <Page
      title="Playground"
      scope={narrow ? undefined : "Models side by side"}
      actions={
        <>
          <Button
            variant="quiet"
            aria-pressed={listed}
            icon={<HistoryIcon aria-hidden className="size-4" />}
            onClick={() => setChats(!listed)}
          >
            Chats
          </Button>
          <Button
            variant="quiet"
            icon={<Share2 aria-hidden className="size-4" />}
            onClick={() => setOpened("share")}
          >
            Share
          </Button>
          <Button
            variant="quiet"
            icon={<Code2 aria-hidden className="size-4" />}
            onClick={() => setOpened("request")}
          >
            Show API call
          </Button>
          <Button
            variant="quiet"
            aria-pressed={form}
            icon={<SlidersHorizontal aria-hidden className="size-4" />}
            onClick={() => setForm(!form)}
          >
            Parameters
            {set > 0 && <span className="text-accent">{set}</span>}
          </Button>
          <Button
            icon={<Plus aria-hidden className="size-4" />}
            onClick={addColumn}
            disabled={columns.length >= COLUMNS_MAX}
          >
            Add model
          </Button>
        </>
      }
    >
      <div className="-mx-4 -mt-3 -mb-8 flex min-h-0 flex-1 border-t md:-mx-6">
        {listed && !narrow && (
          <aside aria-label="Chats" className="flex w-60 shrink-0 flex-col border-r">
            {list}
          </aside>
        )}
        <div className="flex min-w-0 flex-1 flex-col">
          <Thread shown={shown} onShow={setShown} onParameters={() => setForm(true)} />
          <Composer />
        </div>
        {form && !narrow && (
          <aside
            aria-label="Parameters"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
            tabIndex={0}
            className="w-76 shrink-0 overflow-y-auto border-l px-4 py-4"
          >
            <SettingsForm />
          </aside>
        )}
      </div>
      <Sheet open={listed && narrow} onClose={() => setChats(false)} title="Chats">
        {list}
      </Sheet>
      <Sheet open={form && narrow} onClose={() => setForm(false)} title="Parameters">
        <SettingsForm />
      </Sheet>
      {opened === "share" && <ShareDialog onClose={() => setOpened(null)} />}
      {opened === "request" && <DraftRequest onClose={() => setOpened(null)} />}
    </Page>
  );
}

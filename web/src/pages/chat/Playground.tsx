import {
  Code2,
  EyeOff,
  History as HistoryIcon,
  type LucideIcon,
  Plus,
  Share2,
  SlidersHorizontal,
} from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { useMedia, useNarrow } from "~/app/media";
import { Button } from "~/components/Button";
import { Page } from "~/components/Page";
import { Sheet } from "~/components/Sheet";
import { Tooltip } from "~/components/Tooltip";
import { useShortcuts } from "~/keyboard/shortcuts";
import { flag, useUrlState } from "~/url/state";
import { Chats } from "./Chats";
import { Composer } from "./Composer";
import { COLUMNS_MAX, letterOf, newColumn } from "./conversation";
import { ReplayedNote } from "./ReplayedNote";
import { DraftRequest } from "./RequestDialog";
import { SettingsForm, settingsCount } from "./SettingsForm";
import { ShareDialog } from "./ShareDialog";
import { Thread } from "./Thread";
import { useAddress } from "./use-address";
import { useChat, useConversation, useRunning } from "./use-chat";
import { useReplay } from "./use-replay";

/** Whether it is hidden who answers, until the best answer is chosen. */
const BLIND = flag(false);

type Opened = "share" | "request" | null;

export function Playground() {
  const chat = useChat();
  const [replayed, closeReplayed] = useReplay(chat);
  useAddress(chat);
  const { store } = chat;
  const { columns, settings } = useConversation();
  const running = useRunning();
  const [blind, setBlind] = useUrlState("blind", BLIND);
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
          <Action icon={HistoryIcon} text="Chats" pressed={listed} run={() => setChats(!listed)} />
          {columns.length > 1 && (
            <Action icon={EyeOff} text="Blind" pressed={blind} run={() => setBlind(!blind)} />
          )}
          <Action icon={Share2} text="Share" run={() => setOpened("share")} />
          <Action icon={Code2} text="Show API call" run={() => setOpened("request")} />
          <Action
            icon={SlidersHorizontal}
            text="Parameters"
            pressed={form}
            run={() => setForm(!form)}
            count={set}
          />
          <Tooltip text={columns.length < COLUMNS_MAX ? "Ask one more" : "Four at most"}>
            <Button
              aria-label="Add model"
              icon={<Plus aria-hidden className="size-4" />}
              onClick={addColumn}
              disabled={columns.length >= COLUMNS_MAX}
            >
              {narrow ? null : "Add model"}
            </Button>
          </Tooltip>
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
          {replayed && <ReplayedNote replayed={replayed} onClose={closeReplayed} />}
          <Thread shown={shown} onShow={setShown} onParameters={() => setForm(true)} />
          <Composer blind={blind} />
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

interface ActionProps {
  icon: LucideIcon;
  text: string;
  run: () => void;
  pressed?: boolean;
  /** How much of it there is; 0 is not said. */
  count?: number;
}

/** An act of the page: an icon with its name, the icon alone where it is narrow. */
function Action({ icon: Icon, text, run, pressed, count = 0 }: ActionProps) {
  const narrow = useNarrow();
  return (
    <Button
      variant="quiet"
      aria-label={narrow ? (count > 0 ? `${text} ${count}` : text) : undefined}
      aria-pressed={pressed}
      title={narrow ? text : undefined}
      className="aria-pressed:bg-hover aria-pressed:text-text max-md:w-11 max-md:px-0"
      icon={<Icon aria-hidden className="size-4" />}
      onClick={run}
    >
      {narrow ? null : text}
      {count > 0 && <span className="text-accent">{count}</span>}
    </Button>
  );
}

import {
  Copy,
  Ellipsis,
  Maximize2,
  Minimize2,
  Pin,
  PinOff,
  SlidersHorizontal,
  Square,
  UserRoundCheck,
  X,
} from "lucide-react";
import { useState } from "react";
import { Button } from "~/components/Button";
import { Menu, type MenuItem } from "~/components/Menu";
import { ModelPicker } from "~/components/ModelPicker";
import { Tooltip } from "~/components/Tooltip";
import { COLUMNS_MAX, type Column } from "./conversation";
import { lastAnswerOf } from "./last-answer";
import { Numbers } from "./Numbers";
import { PinDialog } from "./PinDialog";
import { useAnswerPart, useChat, useConversation } from "./use-chat";

export interface ColumnHeadProps {
  column: Column;
  letter: string;
  /** Whether the others are out of sight. */
  alone: boolean;
  /** Whether it is not said who answers. */
  hidden: boolean;
  onShow: (column: string | null) => void;
  onParameters: () => void;
}

const ICON = "size-4 text-muted";

/** Which model a column asks, what its last answer took, and what can be done with it. */
export function ColumnHead(props: ColumnHeadProps) {
  return props.hidden ? <HiddenHead {...props} /> : <KnownHead {...props} />;
}

/** Of a model whose name is told when the best answer is chosen. */
function HiddenHead({ column, letter }: ColumnHeadProps) {
  const { store } = useChat();
  const { turns } = useConversation();
  const latest = lastAnswerOf(turns, column.id);
  const running = useAnswerPart(latest, ({ status }) => status) === "running";
  return (
    <>
      <div className="flex h-8 items-center gap-2 pointer-coarse:h-11">
        <Letter letter={letter} />
        <span className="flex-1 text-muted">Named when you have chosen</span>
        {running && latest !== undefined && (
          <StopButton letter={letter} onStop={() => store.stop(latest)} />
        )}
      </div>
      <div className="min-h-6" />
    </>
  );
}

function KnownHead({ column, letter, alone, onShow, onParameters }: ColumnHeadProps) {
  const { store, models } = useChat();
  const { columns, turns } = useConversation();
  const latest = lastAnswerOf(turns, column.id);
  const running = useAnswerPart(latest, ({ status }) => status) === "running";
  const [pinning, setPinning] = useState(false);
  const several = columns.length > 1;
  const items: (MenuItem | "separator")[] = [
    {
      label: "Parameters",
      icon: <SlidersHorizontal aria-hidden className={ICON} />,
      run: onParameters,
    },
    column.provider
      ? {
          label: "Any provider again",
          icon: <PinOff aria-hidden className={ICON} />,
          run: () => store.setColumn(column.id, { provider: null }),
        }
      : {
          label: "Pin a provider…",
          icon: <Pin aria-hidden className={ICON} />,
          run: () => setPinning(true),
          ...(column.model ? {} : { disabled: "Choose a model first" }),
        },
    {
      label: "Duplicate",
      icon: <Copy aria-hidden className={ICON} />,
      run: () => store.duplicate(column.id),
      ...(columns.length >= COLUMNS_MAX ? { disabled: "Four at most" } : {}),
    },
  ];
  if (several) {
    items.push(
      alone
        ? {
            label: "Show all",
            icon: <Minimize2 aria-hidden className={ICON} />,
            run: () => onShow(null),
          }
        : {
            label: "Show alone",
            icon: <Maximize2 aria-hidden className={ICON} />,
            run: () => onShow(column.id),
          },
      {
        label: `Continue with ${letter} only`,
        icon: <UserRoundCheck aria-hidden className={ICON} />,
        run: () => {
          store.only(column.id);
          onShow(null);
        },
      },
      "separator",
      {
        label: "Close",
        icon: <X aria-hidden className={ICON} />,
        run: () => {
          store.close(column.id);
          onShow(null);
        },
      },
    );
  }
  const unknown = column.model !== null && !models.has(column.model);
  return (
    <>
      <div className="flex items-center gap-2">
        <Letter letter={letter} />
        <ModelPicker
          label={`Model ${letter}`}
          value={column.model}
          onChange={(model) => store.setColumn(column.id, { model, provider: null })}
          className="min-w-0 flex-1"
        />
        {running && latest !== undefined && (
          <StopButton letter={letter} onStop={() => store.stop(latest)} />
        )}
        <Menu
          label={`More for ${letter}`}
          items={items}
          trigger={
            <Button
              variant="quiet"
              aria-label={`More for ${letter}`}
              icon={<Ellipsis aria-hidden className="size-4" />}
            />
          }
        />
      </div>
      <div className="flex min-h-6 items-center gap-2 text-label text-muted">
        {unknown ? (
          <span className="text-warn">No such model here. Choose another.</span>
        ) : (
          <Numbers id={latest} />
        )}
        {column.provider && (
          <span className="ml-auto flex min-w-0 items-center gap-1">
            <Pin aria-hidden className="size-3 shrink-0" />
            <span className="truncate">only {column.provider}</span>
          </span>
        )}
      </div>
      {pinning && <PinDialog column={column} onClose={() => setPinning(false)} />}
    </>
  );
}

function Letter({ letter }: { letter: string }) {
  return (
    <span
      aria-hidden
      className="grid size-6 shrink-0 place-items-center rounded-sm bg-hover text-label font-semibold"
    >
      {letter}
    </span>
  );
}

function StopButton({ letter, onStop }: { letter: string; onStop: () => void }) {
  return (
    <Tooltip text={`Stop ${letter}`}>
      <Button
        variant="quiet"
        aria-label={`Stop ${letter}`}
        icon={<Square aria-hidden className="size-3.5 fill-current" />}
        onClick={onStop}
      />
    </Tooltip>
  );
}

import { type KeyboardEvent, useRef } from "react";
import { classes } from "~/components/classes";
import { duration } from "~/format";
import { isHidden } from "./blind";
import { type Column, letterOf } from "./conversation";
import { lastAnswerOf } from "./last-answer";
import { useAnswer, useConversation } from "./use-chat";

export interface ColumnTabsProps {
  columns: readonly Column[];
  current: string;
  onShow: (column: string) => void;
}

/** Where it is narrow, columns are tabs with how far they are. */
export function ColumnTabs({ columns, current, onShow }: ColumnTabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const place = columns.findIndex((column) => column.id === current) + step;
    const next = columns[place];
    if (step === 0 || !next) return;
    onShow(next.id);
    list.current?.querySelectorAll<HTMLButtonElement>("[role=tab]")[place]?.focus();
  };
  return (
    <div ref={list} role="tablist" aria-label="Models" className="flex border-b">
      {columns.map((column, index) => (
        <ColumnTab
          key={column.id}
          column={column}
          letter={letterOf(index)}
          selected={column.id === current}
          onShow={() => onShow(column.id)}
          onKeyDown={onKeyDown}
        />
      ))}
    </div>
  );
}

interface ColumnTabProps {
  column: Column;
  letter: string;
  selected: boolean;
  onShow: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function ColumnTab({ column, letter, selected, onShow, onKeyDown }: ColumnTabProps) {
  const conversation = useConversation();
  const { turns } = conversation;
  const hidden = isHidden(conversation);
  const answer = useAnswer(lastAnswerOf(turns, column.id));
  const state =
    answer === undefined
      ? "–"
      : answer.status === "failed"
        ? "failed"
        : answer.status === "running"
          ? "…"
          : hidden
            ? "done"
            : duration(answer.totalMs);
  return (
    <button
      type="button"
      role="tab"
      aria-selected={selected}
      tabIndex={selected ? 0 : -1}
      onClick={onShow}
      onKeyDown={onKeyDown}
      className={classes(
        "min-h-11 min-w-0 flex-1 border-b-2 px-2 text-label",
        selected ? "border-accent text-text" : "border-transparent text-muted",
      )}
    >
      <span className="font-semibold">{letter}</span>{" "}
      <span className={answer?.status === "failed" ? "text-bad" : "text-muted"}>{state}</span>
    </button>
  );
}

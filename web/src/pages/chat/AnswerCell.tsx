import { memo } from "react";
import { Button } from "~/components/Button";
import { AnswerView } from "./AnswerView";
import type { Column, Turn } from "./conversation";
import { useChat } from "./use-chat";

export interface AnswerCellProps {
  turn: Turn;
  column: Column;
  letter: string;
  /** Whether nothing was asked after it. */
  last: boolean;
  /** Whether it is not said who answers, until the best answer is chosen. */
  hidden: boolean;
}

/** What one model answered to one prompt. */
export const AnswerCell = memo(function AnswerCell({
  turn,
  column,
  letter,
  last,
  hidden,
}: AnswerCellProps) {
  const { store, models } = useChat();
  const answers = turn.answers[column.id] ?? [];
  // What was said before would tell who it is.
  if (hidden && !last) return <p className="text-muted">Hidden until you have chosen.</p>;
  if (answers.length === 0) {
    return (
      <p className="flex items-center gap-3 text-muted">
        {column.model ? `${letter} was not asked this.` : `Choose a model for ${letter}.`}
        {column.model && (
          <Button size="sm" onClick={() => store.retry(turn.id, column.id, models)}>
            Ask {letter}
          </Button>
        )}
      </p>
    );
  }
  return answers.map((id, step) => (
    <AnswerView
      key={id}
      id={id}
      turn={turn}
      column={column}
      letter={letter}
      latest={last && step === answers.length - 1}
      hidden={hidden}
    />
  ));
});

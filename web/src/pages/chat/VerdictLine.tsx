import { lazy, Suspense, useMemo, useState, useSyncExternalStore } from "react";
import { Button } from "~/components/Button";
import { canVote, tally } from "./blind";
import { type Answer, type Column, letterOf, type Turn } from "./conversation";
import { useChat, useConversation } from "./use-chat";
import { verdictOf } from "./verdict";

const DiffDialog = lazy(() => import("./DiffDialog"));

export interface VerdictLineProps {
  turn: Turn;
  columns: readonly Column[];
  /** Whether names are hidden until somebody has chosen. */
  hidden: boolean;
}

/** One line that says who was fastest, cheapest and longest, and what else is told of two answers. */
export function VerdictLine({ turn, columns, hidden }: VerdictLineProps) {
  const { store } = useChat();
  const [comparing, setComparing] = useState(false);
  const answerIn = (column: Column) => store.answer(turn.answers[column.id]?.at(-1));
  // A text rather than objects, so that nothing is drawn anew with every piece of an answer.
  const state = useSyncExternalStore(store.subscribe, () => {
    const answers = columns.map(answerIn);
    const running = answers.some((answer) => answer?.status === "running");
    const stage = canVote(answers) ? "comparable" : running ? "running" : "ended";
    return `${stage}|${hidden ? "" : verdictWords(answers)}`;
  });
  const [stage, words] = state.split("|");
  // Names are not kept back where there is nothing to choose from.
  if (stage === "ended" && hidden) return <Unveil turn={turn} />;
  if (stage !== "comparable") return null;
  const whole = columns.flatMap((column, index) => {
    const answer = answerIn(column);
    return answer?.status === "done" ? [{ letter: letterOf(index), column, answer }] : [];
  });
  return (
    <div className="col-span-full flex flex-wrap items-center gap-x-3 gap-y-1 px-4 pb-3 text-label text-muted md:px-6">
      {hidden ? (
        <Ballot turn={turn} choices={whole} />
      ) : (
        <p role="status">{[words, chosenWords(turn, whole)].filter(Boolean).join(" · ")}</p>
      )}
      <Button variant="quiet" size="sm" className="ml-auto" onClick={() => setComparing(true)}>
        What differs
      </Button>
      {!hidden && turn.vote !== undefined && <Tally last={turn} />}
      <Suspense>
        {comparing && <DiffDialog answers={whole} onClose={() => setComparing(false)} />}
      </Suspense>
    </div>
  );
}

function verdictWords(answers: readonly (Answer | undefined)[]): string {
  const verdict = verdictOf(answers);
  if (!verdict) return "";
  const { fastest, cheapest, longest } = verdict;
  const words = [
    fastest !== null && `fastest ${letterOf(fastest)}`,
    cheapest !== null && `cheapest ${letterOf(cheapest)}`,
    longest !== null && `longest ${letterOf(longest)}`,
  ]
    .filter(Boolean)
    .join(" · ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface Choice {
  letter: string;
  column: Column;
  answer: Answer;
}

function chosenWords({ vote }: Turn, choices: readonly Choice[]): string {
  if (vote === undefined) return "";
  const chosen = choices.find(({ column }) => column.id === vote);
  return chosen ? `You chose ${chosen.letter}, ${chosen.answer.model}` : "You chose neither";
}

/** Which answer is best, asked before anybody knows whose it is. */
function Ballot({ turn, choices }: { turn: Turn; choices: readonly Choice[] }) {
  const { store } = useChat();
  return (
    <fieldset className="flex flex-wrap items-center gap-2">
      <legend className="float-left mr-2 text-text">Which answer is best?</legend>
      {choices.map(({ letter, column }) => (
        <Button key={letter} size="sm" onClick={() => store.vote(turn.id, column.id)}>
          {letter} is best
        </Button>
      ))}
      <Button size="sm" variant="quiet" onClick={() => store.vote(turn.id, "tie")}>
        Neither
      </Button>
    </fieldset>
  );
}

function Unveil({ turn }: { turn: Turn }) {
  const { store } = useChat();
  return (
    <div className="col-span-full flex items-center gap-3 px-4 pb-3 text-label text-muted md:px-6">
      There are no two answers to choose from.
      <Button size="sm" onClick={() => store.vote(turn.id, "tie")}>
        Show names
      </Button>
    </div>
  );
}

/** For whom was chosen so far in this conversation. */
function Tally({ last }: { last: Turn }) {
  const { store } = useChat();
  const { turns, columns } = useConversation();
  const counts = useMemo(
    () => tally(turns, columns, (id) => store.answer(id)?.model ?? null),
    [turns, columns, store],
  );
  const voted = turns.filter(({ vote }) => vote !== undefined);
  if (voted.length < 2 || turns.at(-1)?.id !== last.id) return null;
  const words = counts.map(({ model, votes }) => `${model} ${votes}`).join(", ");
  return <p className="basis-full">Chosen so far: {words || "nobody"}.</p>;
}

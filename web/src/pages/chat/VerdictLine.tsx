import { useSyncExternalStore } from "react";
import { type Column, letterOf, type Turn } from "./conversation";
import { useChat } from "./use-chat";
import { verdictOf } from "./verdict";

/** One line that says who was fastest, cheapest and longest. */
export function VerdictLine({ turn, columns }: { turn: Turn; columns: readonly Column[] }) {
  const { store } = useChat();
  const words = useSyncExternalStore(store.subscribe, () => {
    const answers = columns.map((column) => store.answer(turn.answers[column.id]?.at(-1)));
    const verdict = verdictOf(answers);
    if (!verdict) return "";
    const { fastest, cheapest, longest } = verdict;
    return [
      fastest !== null && `fastest ${letterOf(fastest)}`,
      cheapest !== null && `cheapest ${letterOf(cheapest)}`,
      longest !== null && `longest ${letterOf(longest)}`,
    ]
      .filter(Boolean)
      .join(" · ");
  });
  if (words === "") return null;
  return (
    <p role="status" className="col-span-full px-4 pb-3 text-label text-muted md:px-6">
      {words.charAt(0).toUpperCase() + words.slice(1)}
    </p>
  );
}

import type { Answer, Column, Conversation, Turn } from "./conversation";

/** Whose answer somebody took for the best, not knowing whose it was. */
export type Vote = string | "tie";

/** Whether names are hidden: the last prompt was asked blind, and nobody has chosen yet. */
export function isHidden({ turns }: Pick<Conversation, "turns">): boolean {
  const last = turns.at(-1);
  return last?.blind === true && last.vote === undefined;
}

/** Whether one can choose: at least two have answered, and none is still writing. */
export function canVote(answers: readonly (Answer | undefined)[]): boolean {
  const done = answers.filter((answer) => answer?.status === "done");
  return done.length >= 2 && !answers.some((answer) => answer?.status === "running");
}

/** In another order that nobody can foresee. `random` gives whole numbers below a bound. */
export function shuffled<T>(items: readonly T[], random: (bound: number) => number): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at--) {
    const other = random(at + 1);
    const [one, two] = [result[at], result[other]];
    if (one !== undefined && two !== undefined) [result[at], result[other]] = [two, one];
  }
  return result;
}

/** By chance that cannot be foreseen; the remainder's lean is nothing with so few. */
export const chance = (bound: number): number =>
  (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % bound;

/** How often each model was chosen in a conversation, the most often first. */
export function tally(
  turns: readonly Turn[],
  columns: readonly Column[],
  modelOf: (answerId: string | undefined) => string | null,
): { model: string; votes: number }[] {
  const counts = new Map<string, number>();
  for (const { vote, answers } of turns) {
    if (vote === undefined || vote === "tie") continue;
    const column = columns.find(({ id }) => id === vote);
    const model = modelOf(answers[vote]?.at(-1)) ?? column?.model;
    if (model) counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  return [...counts]
    .map(([model, votes]) => ({ model, votes }))
    .sort((a, b) => b.votes - a.votes || (a.model < b.model ? -1 : 1));
}

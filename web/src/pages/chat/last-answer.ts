import type { Turn } from "./conversation";

/** The id of the youngest answer in a column. */
export const lastAnswerOf = (turns: readonly Turn[], columnId: string): string | undefined =>
  turns.at(-1)?.answers[columnId]?.at(-1);

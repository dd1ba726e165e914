import { cost, quantity } from "~/format";
import { compareMagnitude, parseDecimal } from "~/format/decimal";
import type { Turn } from "./conversation";
import { costOf, requestTokens } from "./estimate";
import { readParameter } from "./parameters";
import { modelOf, useChat, useConversation } from "./use-chat";

/** An answer as long as this is reckoned with where nothing bounds it. */
const ANSWER_TOKENS = 1_000;

/** About what sending now will take, over all columns: from no answer at all to a long one. */
export function Estimate({ turn }: { turn: Turn }) {
  const chat = useChat();
  const { columns, settings } = useConversation();
  const bound = readParameter(
    { name: "max_tokens", label: "", kind: "whole", hint: "" },
    settings.parameters.max_tokens,
  ).value;
  const answer = typeof bound === "number" ? bound : ANSWER_TOKENS;
  const each = columns.map((column) => {
    const input = requestTokens(chat.store.requestOf(turn, column, chat.models));
    const pricing = modelOf(chat, column)?.pricing;
    return {
      input,
      least: pricing ? costOf(pricing, input, 0) : null,
      most: pricing ? costOf(pricing, input, answer) : null,
    };
  });
  const least = lowest(each.map((one) => one.least));
  const most = highest(each.map((one) => one.most));
  const input = Math.max(0, ...each.map((one) => one.input));
  return (
    <span title={`With an answer of up to ${quantity(answer)} tokens`}>
      ≈&#8239;{quantity(input)} tok in
      {least !== null && most !== null && ` · ≈\u202f${cost(least)} to ${cost(most)} each`}
    </span>
  );
}

function sorted(values: readonly (string | null)[]): string[] {
  const known = values.flatMap((text) => {
    const value = text === null ? null : parseDecimal(text);
    return value && text !== null ? [{ text, value }] : [];
  });
  return known.toSorted((a, b) => compareMagnitude(a.value, b.value)).map(({ text }) => text);
}

const lowest = (values: readonly (string | null)[]) => sorted(values)[0] ?? null;
const highest = (values: readonly (string | null)[]) => sorted(values).at(-1) ?? null;

import { type Decimal, magnitudeText, parseDecimal } from "~/format/decimal";
import type { ChatBody } from "./request";

/** What a token is about, before anybody has counted. */
const LETTERS_PER_TOKEN = 4;
/** What a picture or page is about, in tokens. */
const MEDIA_TOKENS = 800;

export const tokensIn = (text: string): number => Math.ceil(text.length / LETTERS_PER_TOKEN);

/** About how many tokens a request has, media by the piece. */
export function requestTokens({ messages, tools }: ChatBody): number {
  const count = (value: unknown): number => {
    if (typeof value === "string") return tokensIn(value);
    if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + count(one), 0);
    if (typeof value !== "object" || value === null) return 0;
    if ("type" in value && value.type !== "text" && value.type !== "function") return MEDIA_TOKENS;
    const { type: _, ...rest } = value as Record<string, unknown>;
    return Object.values(rest).reduce<number>((sum, one) => sum + count(one), 0);
  };
  return messages.reduce((sum, { role: _, ...rest }) => sum + count(rest), 0) + count(tools ?? []);
}

interface Prices {
  [billed: string]: unknown;
}

const atScale = (value: Decimal, scale: number): bigint =>
  value.digits * 10n ** BigInt(scale - value.scale);

/**
 * What so many tokens cost by a model's prices, as exact decimal text; null where it has none, as
 * routers have not.
 */
export function costOf(pricing: Prices, input: number, output: number): string | null {
  const prompt = price(pricing.prompt);
  const completion = price(pricing.completion);
  if (!prompt || !completion) return null;
  const scale = Math.max(prompt.scale, completion.scale);
  const digits =
    atScale(prompt, scale) * BigInt(Math.round(input)) +
    atScale(completion, scale) * BigInt(Math.round(output));
  return magnitudeText({ negative: false, digits, scale });
}

function price(text: unknown): Decimal | null {
  const value = typeof text === "string" ? parseDecimal(text) : null;
  return value && !value.negative ? value : null;
}

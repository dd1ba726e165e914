import {
  compareMagnitude,
  type Decimal,
  magnitudeText,
  parseDecimal,
  roundDecimal,
} from "~/format/decimal";

/** What a call is made of, and how many of them there are. */
export interface Mix {
  /** Tokens of the prompt, cached ones among them. */
  prompt: number;
  cached: number;
  completion: number;
  requests: number;
}

export const COMMON: Mix = { prompt: 2_000, cached: 0, completion: 500, requests: 1_000 };

const MOST = 1_000_000_000;
const NAMES = ["prompt", "cached", "completion", "requests"] as const;

/** `2000,0,500,1000`, as the address has it. */
export const MIX = {
  read: (text: string | undefined): Mix => {
    const numbers = (text ?? "").split(",").map(Number);
    const fits = numbers.length === NAMES.length && numbers.every(isCount);
    if (!fits) return COMMON;
    const [prompt = 0, cached = 0, completion = 0, requests = 0] = numbers;
    return { prompt, cached: Math.min(cached, prompt), completion, requests };
  },
  write: (mix: Mix): string | undefined => {
    const text = NAMES.map((name) => mix[name]).join(",");
    return text === NAMES.map((name) => COMMON[name]).join(",") ? undefined : text;
  },
};

const isCount = (value: number) => Number.isInteger(value) && value >= 0 && value <= MOST;

/** Prices by what is billed, as text; for long prompts or at times of day others take their place. */
export interface Prices {
  readonly [name: string]: unknown;
  overrides?: readonly Step[];
}

interface Step {
  readonly [name: string]: unknown;
  min_prompt_tokens?: number;
  utc_start?: string;
}

/** The prices for a prompt of this length: the last step that it reaches. Steps by the clock are left out. */
export function pricesFor(pricing: Prices, prompt: number): Record<string, string | undefined> {
  const steps: readonly Step[] = pricing.overrides ?? [];
  const reached = steps
    .filter((step) => step.utc_start === undefined)
    .filter((step) => (step.min_prompt_tokens ?? 0) <= prompt)
    .sort((one, other) => (one.min_prompt_tokens ?? 0) - (other.min_prompt_tokens ?? 0));
  const prices: Record<string, string | undefined> = {};
  for (const source of [pricing, ...reached]) {
    for (const [name, price] of Object.entries(source)) {
      if (typeof price === "string") prices[name] = price;
    }
  }
  return prices;
}

const ZERO: Decimal = { negative: false, digits: 0n, scale: 0 };

function times(price: Decimal, count: number): Decimal {
  return { ...price, digits: price.digits * BigInt(count) };
}

function plus(one: Decimal, other: Decimal): Decimal {
  const scale = Math.max(one.scale, other.scale);
  const digits = roundDecimal(one, scale).digits + roundDecimal(other, scale).digits;
  return { negative: false, digits, scale };
}

/**
 * What a mix costs by list prices, in US dollars: whole numbers times decimal text, exactly. Null
 * where a price that it takes is not known, or is another each time.
 */
export function costOf(pricing: Prices, mix: Mix): string | null {
  const prices = pricesFor(pricing, mix.prompt);
  const parts: [string | undefined, number][] = [
    [prices.prompt, mix.prompt - mix.cached],
    [prices.input_cache_read ?? prices.prompt, mix.cached],
    [prices.completion, mix.completion],
    [prices.request ?? "0", 1],
  ];
  let sum = ZERO;
  for (const [price, count] of parts) {
    if (count === 0) continue;
    const decimal = parseDecimal(price ?? "");
    if (!decimal || decimal.negative) return null;
    sum = plus(sum, times(decimal, count));
  }
  return magnitudeText(times(sum, mix.requests));
}

/** The places of the smallest amounts; none where all are alike or unknown. */
export function cheapestOf(costs: readonly (string | null)[]): boolean[] {
  const known = costs.map((cost) => (cost === null ? null : parseDecimal(cost)));
  const amounts = known.filter((cost) => cost !== null);
  const [first] = amounts;
  if (!first || amounts.length < 2) return costs.map(() => false);
  const least = amounts.reduce((found, cost) => (compareMagnitude(cost, found) < 0 ? cost : found));
  if (amounts.every((cost) => compareMagnitude(cost, least) === 0)) return costs.map(() => false);
  return known.map((cost) => cost !== null && compareMagnitude(cost, least) === 0);
}

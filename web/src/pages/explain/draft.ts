import type { components } from "~/api/schema";
import type { Search, SearchChange } from "~/url/state";

export const SORTS = ["", "price", "throughput", "latency", "exacto"] as const;
export type DraftSort = (typeof SORTS)[number];

/** What a request may need of whoever answers it. */
export const NEEDS = ["tools", "json", "vision"] as const;
export type Need = (typeof NEEDS)[number];

/** A request that is only asked about: the address bar holds all of it. */
export interface Draft {
  model: string | null;
  sort: DraftSort;
  only: readonly string[];
  ignore: readonly string[];
  order: readonly string[];
  needs: readonly Need[];
  fallbacks: boolean;
  /** Whether providers that may keep prompts or train on them are left out. */
  deny: boolean;
  zdr: boolean;
  /** US dollars per million tokens, as they were typed. */
  maxPrompt: string;
  maxCompletion: string;
  maxTokens: string;
}

export const EMPTY: Draft = {
  model: null,
  sort: "",
  only: [],
  ignore: [],
  order: [],
  needs: [],
  fallbacks: true,
  deny: false,
  zdr: false,
  maxPrompt: "",
  maxCompletion: "",
  maxTokens: "",
};

const parts = (text: string | undefined) => (text ? text.split(",").filter(Boolean) : []);
const known = <T extends string>(values: readonly T[], text: string | undefined) =>
  values.filter((value) => parts(text).includes(value));
const decimal = (text: string | undefined) =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text) ? text : "";

/** The draft in an address. What makes no sense is passed over. */
export function readDraft(search: Search): Draft {
  return {
    model: search.model ?? null,
    sort: SORTS.find((sort) => sort === search.sort) ?? "",
    only: parts(search.only),
    ignore: parts(search.ignore),
    order: parts(search.order),
    needs: known(NEEDS, search.needs),
    fallbacks: search.fallbacks !== "false",
    deny: search.deny === "true",
    zdr: search.zdr === "true",
    maxPrompt: decimal(search.max_prompt),
    maxCompletion: decimal(search.max_completion),
    maxTokens: /^\d+$/.test(search.max_tokens ?? "") ? (search.max_tokens ?? "") : "",
  };
}

/** The draft as members of an address. */
export function writeDraft(draft: Draft): SearchChange {
  return {
    model: draft.model ?? undefined,
    sort: draft.sort,
    only: draft.only.join(","),
    ignore: draft.ignore.join(","),
    order: draft.order.join(","),
    needs: draft.needs.join(","),
    fallbacks: draft.fallbacks ? undefined : "false",
    deny: draft.deny ? "true" : undefined,
    zdr: draft.zdr ? "true" : undefined,
    max_prompt: draft.maxPrompt,
    max_completion: draft.maxCompletion,
    max_tokens: draft.maxTokens,
  };
}

type ChatRequest = components["schemas"]["ChatRequest"];
type Preferences = components["schemas"]["ProviderPreferences"];

const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The request that is asked about; null while no model is chosen. */
export function requestOf(draft: Draft): ChatRequest | null {
  if (draft.model === null) return null;
  const provider = preferencesOf(draft);
  const { needs } = draft;
  const content = needs.includes("vision")
    ? [
        { type: "text" as const, text: "Hello" },
        { type: "image_url" as const, image_url: { url: PIXEL } },
      ]
    : "Hello";
  return {
    model: draft.model,
    messages: [{ role: "user", content }],
    ...(needs.includes("tools") ? { tools: [TOOL] } : {}),
    ...(needs.includes("json") ? { response_format: { type: "json_object" as const } } : {}),
    ...(draft.maxTokens === "" ? {} : { max_tokens: Number(draft.maxTokens) }),
    ...(Object.keys(provider).length > 0 ? { provider } : {}),
  };
}

const TOOL = {
  type: "function" as const,
  function: {
    name: "look_up",
    description: "Looks something up",
    parameters: {},
  },
};

function preferencesOf(draft: Draft): Preferences {
  const price = {
    ...(draft.maxPrompt === "" ? {} : { prompt: draft.maxPrompt }),
    ...(draft.maxCompletion === "" ? {} : { completion: draft.maxCompletion }),
  };
  return {
    ...(draft.sort === "" ? {} : { sort: draft.sort }),
    ...(draft.only.length > 0 ? { only: [...draft.only] } : {}),
    ...(draft.ignore.length > 0 ? { ignore: [...draft.ignore] } : {}),
    ...(draft.order.length > 0 ? { order: [...draft.order] } : {}),
    ...(draft.fallbacks ? {} : { allow_fallbacks: false }),
    ...(draft.deny ? { data_collection: "deny" as const } : {}),
    ...(draft.zdr ? { zdr: true } : {}),
    ...(Object.keys(price).length > 0 ? { max_price: price } : {}),
  };
}

const without = (draft: Draft, need: Need): Partial<Draft> | null =>
  draft.needs.includes(need) ? { needs: draft.needs.filter((one) => one !== need) } : null;

/** What of a draft caused a reason, taken away; null where the draft did not cause it. */
export function withoutCause(draft: Draft, why: string): Draft | null {
  const change = causeOf(draft, why);
  return change && { ...draft, ...change };
}

function causeOf(draft: Draft, why: string): Partial<Draft> | null {
  // What a rule or the key forbids is not mended by asking otherwise.
  if (why.includes("by the rule") || why.includes("restrictions of this key")) return null;
  if (why.includes("provider.ignore")) return { ignore: [] };
  if (why.includes("provider.only")) return { only: [] };
  if (why.includes("would be a fallback")) return { fallbacks: true };
  if (why.includes("train on prompts")) return draft.deny ? { deny: false } : null;
  if (why.includes("may keep prompts")) return draft.zdr ? { zdr: false } : null;
  if (why.includes("provider.max_price")) return { maxPrompt: "", maxCompletion: "" };
  if (why.includes("max_tokens")) return { maxTokens: "" };
  if (why.includes("image")) return without(draft, "vision");
  if (why.includes("tools")) return without(draft, "tools");
  if (why.includes("response_format")) return without(draft, "json");
  return null;
}

import type { Question } from "~/api/analytics";
import { providerOf } from "~/api/model-names";
import { timeRange } from "~/components/usage/period";
import type { Span } from "~/url/range";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far back a model is looked at. */
export const WINDOWS = [
  { value: "24h", label: "Last 24 hours", length: DAY_MS, step: "hour" },
  { value: "7d", label: "Last 7 days", length: 7 * DAY_MS, step: "hour" },
  { value: "30d", label: "Last 30 days", length: 30 * DAY_MS, step: "day" },
] as const;

export type WindowName = (typeof WINDOWS)[number]["value"];
type Window = (typeof WINDOWS)[number];

/** An answer has 1,000 rows: those of 168 hours are of five groups. */
const GROUPS_MAX = 5;
const DETAILS = ["requests", "failed", "latency_p50", "throughput"];

export const windowOf = (name: WindowName): Window =>
  WINDOWS.find(({ value }) => value === name) ?? WINDOWS[0];

/** Sums are kept by whole hours and UTC days: the beginning is moved to one. */
export function spanOfWindow({ length, step }: Window, now: Date): Span {
  const unit = step === "hour" ? HOUR_MS : DAY_MS;
  return { from: new Date(Math.floor((now.getTime() - length) / unit) * unit), to: now };
}

const ofModel = (id: string) => [
  { field: "model", operator: "eq" as const, value: id, include_unset: false },
];

/** How calls of a model went at each endpoint, over time. */
export const courseOf = (id: string, window: Window, now: Date): Question => ({
  metrics: DETAILS,
  dimensions: ["endpoint"],
  granularity: window.step,
  time_range: timeRange(spanOfWindow(window, now)),
  order_by: { field: "requests", direction: "desc" },
  group_limit: GROUPS_MAX,
  filters: ofModel(id),
});

/** The same in all, which says whether there are enough of them. */
export const sumsOf = (id: string, window: Window, now: Date): Question => ({
  metrics: DETAILS,
  dimensions: ["endpoint"],
  time_range: timeRange(spanOfWindow(window, now)),
  order_by: { field: "requests", direction: "desc" },
  filters: ofModel(id),
});

/** What our calls of a model came to, by key. */
export const usageByKey = (id: string, now: Date): Question => ({
  metrics: ["usage", "requests", "error_rate"],
  dimensions: ["api_key"],
  time_range: timeRange(spanOfWindow(windowOf("30d"), now)),
  order_by: { field: "usage", direction: "desc" },
  filters: ofModel(id),
});

/** The same in all: amounts are not added up in the browser. */
export const usageInAll = (id: string, now: Date): Question => ({
  metrics: ["usage", "requests", "failed", "error_rate", "total_tokens"],
  time_range: timeRange(spanOfWindow(windowOf("30d"), now)),
  filters: ofModel(id),
});

/**
 * The name of an endpoint, whose id is `provider/model`, with more behind it where a provider has
 * several: `acme/acme/helper` is Acme, `acme/acme/helper#priority` is Acme (priority).
 */
export function endpointName(
  id: string,
  model: string,
  nameOf: (provider: string) => string | undefined,
): string {
  if (id === "") return "No provider answered";
  const provider = id.split("/", 1)[0] ?? id;
  const name = nameOf(provider) ?? provider;
  const more = id.startsWith(`${provider}/${model}`)
    ? id.slice(provider.length + 1 + model.length).replace(/^\W+/, "")
    : id.slice(provider.length + 1);
  return more === "" ? name : `${name} (${more})`;
}

/** In the id of an endpoint that is called with a key of a caller's own. */
const OWN_KEY = "#";

/**
 * What is known of the endpoint of a tag, of a model's endpoints: `openai/priority` is the tag of
 * `openai/openai/gpt-5@priority`. Copies for own keys have no tag.
 */
export function ofTag<One extends { endpoint_id: string }>(
  tag: string,
  all: readonly One[],
): One | undefined {
  const provider = providerOf(tag);
  const suffix = tag.slice(provider.length + 1);
  return all.find(({ endpoint_id: id }) => {
    const [plain = "", more = ""] = id.split("@", 2);
    return !id.includes(OWN_KEY) && providerOf(plain) === provider && more === suffix;
  });
}

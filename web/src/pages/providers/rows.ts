import type { EndpointStep, EndpointsHistory } from "~/api/endpoint-history";
import type { EndpointHealth } from "~/api/health";
import type { ProviderKey } from "~/api/provider-keys";
import { grouped } from "~/components/grouped";
import { byTone, type EndpointState, endpointState } from "~/components/health/endpoint-state";
import { type Span, together } from "~/components/health/steps";
import { isReady } from "~/components/provider-key/source";

export const HAS = ["all", "key", "none"] as const;
export type Has = (typeof HAS)[number];

/** What is known of the endpoints of a provider that were called. */
export interface ProviderHealth {
  worst: EndpointState;
  /** How many are in that state, and how many there are. */
  count: number;
  endpoints: EndpointHealth[];
  succeeded: number;
  failed: number;
}

/** How endpoints of a provider did, step by step. */
export interface ProviderHistory {
  span: Span;
  steps: readonly EndpointStep[];
}

/** The slug that an endpoint's id begins with. */
export const providerSlug = (endpointId: string) => endpointId.slice(0, endpointId.indexOf("/"));

/** Health by the slug of the provider. */
export function healthByProvider(all: readonly EndpointHealth[]): Map<string, ProviderHealth> {
  const groups = grouped(all, (one) => providerSlug(one.endpoint_id));
  return new Map([...groups].map(([slug, endpoints]) => [slug, summary(endpoints)]));
}

/** How all endpoints of each provider did together, by its slug. */
export function historyByProvider(
  history: EndpointsHistory | undefined,
): Map<string, ProviderHistory> {
  if (!history) return new Map();
  const groups = grouped(history.endpoints, (one) => providerSlug(one.endpoint_id));
  return new Map(
    [...groups].map(([slug, endpoints]) => [slug, { span: history, steps: together(endpoints) }]),
  );
}

function summary(endpoints: EndpointHealth[]): ProviderHealth {
  const states = endpoints.map((one) => endpointState(one)).sort(byTone);
  const worst = states[0] ?? { tone: "idle", words: "Not called" };
  return {
    worst,
    count: states.filter((state) => state.tone === worst.tone).length,
    endpoints,
    succeeded: endpoints.reduce((sum, one) => sum + one.attempts_last_30m.succeeded, 0),
    failed: endpoints.reduce((sum, one) => sum + one.attempts_last_30m.failed, 0),
  };
}

/** Those that a text and a choice leave: with a key first, then those of whose models more is known. */
export function shownProviders(
  rows: readonly ProviderKey[],
  text: string,
  has: Has,
): ProviderKey[] {
  const wanted = text.trim().toLowerCase();
  const fits = (row: ProviderKey) =>
    (has === "all" || isReady(row) === (has === "key")) &&
    [row.name, row.provider, ...row.env].some((name) => name.toLowerCase().includes(wanted));
  const place = (row: ProviderKey) => (isReady(row) ? 0 : row.known_models > 0 ? 1 : 2);
  return rows.filter(fits).sort((one, other) => place(one) - place(other));
}

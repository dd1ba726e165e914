import type { EndpointHealth } from "~/api/health";
import { grouped } from "~/components/grouped";
import { byTone, type EndpointState, endpointState } from "~/components/health/endpoint-state";

/** An endpoint, how it is doing, and what tells it from others of its model at its provider. */
export interface Judged {
  health: EndpointHealth;
  state: EndpointState;
  slug: string;
  /** Such as `priority`, or the key of a caller's own; empty for the plain one. */
  variant: string;
}

export interface Matrix {
  providers: { slug: string; name: string }[];
  rows: { model: string; cells: Map<string, Judged[]> }[];
}

/**
 * An endpoint's id is the provider's slug, the model's id, and what tells several of them apart;
 * copies for keys of callers' own end in `#` and the key's id.
 */
export function judged(health: EndpointHealth, sinceMs = 0): Judged {
  const { endpoint_id: id, model_id: model } = health;
  const slug = id.slice(0, id.indexOf("/"));
  const [plain = "", ownKey] = id.split("#");
  const rest = plain
    .slice(slug.length + 1)
    .replace(model, "")
    .replace(/^[/:@]+|[/:@]+$/g, "");
  const own = ownKey === undefined ? "" : `own key ${ownKey.slice(0, 8)}`;
  const variant = [rest, own].filter((part) => part !== "").join(", ");
  return { health, state: endpointState(health, sinceMs), slug, variant };
}

/** Models by providers: the least well first, then by name. */
export function matrixOf(endpoints: readonly Judged[]): Matrix {
  const providers = [...grouped(endpoints, (one) => one.slug)].map(([slug, all]) => ({
    slug,
    name: all[0]?.health.provider_name ?? slug,
    all,
  }));
  const rows = [...grouped(endpoints, (one) => one.health.model_id)].map(([model, all]) => ({
    model,
    all,
    cells: grouped([...all].sort(worstFirst), (one) => one.slug),
  }));
  return {
    providers: providers
      .sort((one, other) => one.name.localeCompare(other.name))
      .map(({ slug, name }) => ({ slug, name })),
    rows: rows
      .sort((one, other) => worst(one.all, other.all) || one.model.localeCompare(other.model))
      .map(({ model, cells }) => ({ model, cells })),
  };
}

export const worstFirst = (one: Judged, other: Judged) => byTone(one.state, other.state);

function worst(one: Judged[], other: Judged[]): number {
  const [a] = [...one].sort(worstFirst);
  const [b] = [...other].sort(worstFirst);
  return a && b ? byTone(a.state, b.state) : 0;
}

/** Those that calls don't reach now, or only now and then. */
export const troubled = (endpoints: readonly Judged[]) =>
  endpoints.filter(({ state }) => state.tone === "bad" || state.tone === "warn").sort(worstFirst);

/** One sentence on all of them. */
export function summary(endpoints: readonly Judged[]): string {
  const bad = endpoints.filter(({ state }) => state.tone === "bad").length;
  const warn = endpoints.filter(({ state }) => state.tone === "warn").length;
  const all = endpoints.length;
  const many = `${all} endpoint${all === 1 ? "" : "s"}`;
  if (bad === 0 && warn === 0) {
    return all === 1 ? "The one endpoint that was called is well." : `All ${many} are well.`;
  }
  const parts = [
    ...(bad > 0 ? [`${bad} ${bad === 1 ? "is" : "are"} left alone or failing`] : []),
    ...(warn > 0 ? [`${warn} ${warn === 1 ? "is" : "are"} not quite well`] : []),
  ];
  return `Of ${many}, ${parts.join(" and ")}.`;
}

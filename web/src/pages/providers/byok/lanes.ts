import type { Byok, ByokChange } from "~/api/provider-keys";
import { grouped } from "~/components/grouped";

export interface Lane {
  fallback: boolean;
  /** By provider, each provider's in the order they are tried in. */
  groups: { provider: string; keys: Byok[] }[];
}

/** The keys of one lane. */
export function laneOf(keys: readonly Byok[], fallback: boolean): Lane {
  const mine = keys
    .filter((key) => key.is_fallback === fallback)
    .sort((one, other) => one.sort_order - other.sort_order);
  const groups = grouped(mine, (key) => key.provider);
  return {
    fallback,
    groups: [...groups]
      .map(([provider, keys]) => ({ provider, keys }))
      .sort((one, other) => one.provider.localeCompare(other.provider)),
  };
}

export type Move = "up" | "down" | "over";

export interface Moved {
  id: string;
  change: ByokChange;
}

/**
 * What moves a key: past its neighbour among those of its provider in its lane, or over to the other
 * lane. Places are plain numbers that several keys may share, so those of the group are written anew
 * where they differ. Nothing where there is nowhere to go.
 */
export function moved(key: Byok, group: readonly Byok[], move: Move): Moved[] {
  if (move === "over") return [{ id: key.id, change: { is_fallback: !key.is_fallback } }];
  const at = group.indexOf(key);
  const to = at + (move === "up" ? -1 : 1);
  const neighbour = group[to];
  if (at < 0 || !neighbour) return [];
  const order = group.map((one) => (one === key ? neighbour : one === neighbour ? key : one));
  return order.flatMap(({ id, sort_order }, place) =>
    sort_order === place ? [] : [{ id, change: { sort_order: place } }],
  );
}

/** What bounds a key, in words; empty where nothing does. */
export function bounds(key: Byok): string[] {
  const counted = (list: string[] | null, one: string, many: string) =>
    list === null
      ? []
      : [list.length === 0 ? `no ${many}` : `${list.length} ${list.length === 1 ? one : many}`];
  return [
    ...counted(key.allowed_models, "model", "models"),
    ...counted(key.allowed_api_key_hashes, "key", "keys"),
    ...counted(key.allowed_user_ids, "person's keys", "people's keys"),
  ];
}

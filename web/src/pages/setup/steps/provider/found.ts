import type { ProviderKey } from "~/api/provider-keys";
import { isLocal, isReady } from "~/components/provider-key/source";

/**
 * The providers that a key can be given at and that a text finds: by name, slug or the variable of
 * their key. Those whose names begin with it stand first, then those with the gateway's order, which
 * has the best known first; those of whose models nothing is known stand last.
 */
export function found(rows: readonly ProviderKey[], text: string): ProviderKey[] {
  const wanted = text.trim().toLowerCase();
  const place = (row: ProviderKey): number => {
    const names = [row.name.toLowerCase(), row.provider];
    if (names.some((name) => name.startsWith(wanted))) return 0;
    if (names.some((name) => name.includes(wanted))) return 1;
    return row.env.some((name) => name.toLowerCase().includes(wanted)) ? 2 : 3;
  };
  return rows
    .filter((row) => !isReady(row) && !isLocal(row))
    .map((row) => ({
      row,
      at: place(row),
      known: row.known_models > 0 && row.is_reachable ? 0 : 1,
    }))
    .filter(({ at }) => at < 3)
    .sort((one, other) => one.at - other.at || one.known - other.known)
    .map(({ row }) => row);
}

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

/** Servers of one's own that a text finds: they need no key, and are named in the configuration. */
export function locals(rows: readonly ProviderKey[], text: string): ProviderKey[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(
    (row) =>
      isLocal(row) &&
      !isReady(row) &&
      [row.name.toLowerCase(), row.provider].some((name) => name.includes(wanted)),
  );
}

/** What the configuration file has to say of a server of one's own; null is one that is not known. */
export function linesOf(slug: string | null): string {
  if (slug !== null) {
    return `[[provider]]\nslug = "${slug}"\n# Where it listens elsewhere than is usual:\n# base_url = "http://127.0.0.1:8000/v1"`;
  }
  return `[[provider]]\nslug = "my-server"\nprotocol = "openai-chat"\nbase_url = "http://127.0.0.1:8000/v1"\nlocal = true`;
}

import type { ProviderKey } from "~/api/provider-keys";
import { Status } from "~/components/Status";

/** Whether calls reach a provider now. */
export const isReady = (row: ProviderKey) => row.source !== null;

/** A provider that needs no key runs on a machine of one's own; the configuration names it. */
export const isLocal = (row: ProviderKey) => row.env.length === 0;

/** The first of the variables, or file, that a fixed key is from, without its folder. */
export const originOf = (row: ProviderKey) => row.origin?.split("/").at(-1) ?? "configuration";

/** Where the key of a provider is from, with shape and words. */
export function KeySource({ row }: { row: ProviderKey }) {
  switch (row.source) {
    case "fixed":
      return (
        <Status tone="good">
          <span title={row.origin ?? undefined}>From {originOf(row)}</span>
        </Status>
      );
    case "dashboard":
      return (
        <Status tone="good">
          <code className="font-mono text-label">{row.label}</code>
        </Status>
      );
    case "none_needed":
      return <Status tone="good">None needed</Status>;
    default:
      return (
        <Status tone="idle">
          <span className="text-muted">{row.is_reachable ? "No key" : "Address incomplete"}</span>
        </Status>
      );
  }
}

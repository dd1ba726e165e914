import type { Generation } from "~/api/generation";
import { type Fact, Facts } from "~/components/Facts";
import { exact, whole } from "~/format";

/** What the call cost, item by item as far as the record knows. */
export function Cost({ record }: { record: Generation }) {
  const taken = record.is_byok ? "The provider takes, by the own key" : "The provider takes";
  const stages = record.routing?.policy?.stages ?? [];
  const counted = record.is_estimated ? ", counted by the gateway: the provider told nothing" : "";
  const thought =
    record.native_tokens_reasoning > 0
      ? `, ${whole(record.native_tokens_reasoning)} of them thinking`
      : "";
  const facts: (Fact | null)[] = [
    [
      "Charged",
      record.is_unpriced ? "Not known: the endpoint has no price" : exact(record.total_cost),
    ],
    [taken, exact(record.upstream_inference_cost)],
    record.cache_discount === null ? null : ["Saved by the cache", exact(record.cache_discount)],
    ["Tokens in", `${whole(record.tokens_prompt)}${counted}`],
    item("Read from the cache", record.native_tokens_cached),
    item("Written to the cache", record.native_tokens_cache_write),
    ["Tokens out", `${whole(record.tokens_completion)}${thought}`],
    item("Pictures", record.num_media_completion),
    item("Characters", record.num_characters_prompt),
    item("Searches", record.num_search_units),
    record.price_source ? ["Price from", record.price_source] : null,
    ...stages.map(({ model, outcome, cost }): Fact => [model, `${exact(cost)}, ${outcome}`]),
  ];
  return <Facts facts={facts} />;
}

const item = (label: string, count: number): Fact | null =>
  count > 0 ? [label, whole(count)] : null;

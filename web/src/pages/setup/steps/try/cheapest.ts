import type { Model } from "~/api/catalogue";

/** Models inside the gateway itself. They need no key of anybody's. */
export const builtIn = (model: Model) => model.id.startsWith("tollgate/");

/** A router has a price of below zero; what it finds has another. */
const talks = (model: Model) =>
  model.pricing.prompt !== undefined &&
  Number(model.pricing.prompt) >= 0 &&
  model.architecture.input_modalities.includes("text") &&
  model.architecture.output_modalities.includes("text");

/** The cheapest model that talks: of a provider where there is one, else one that is built in. */
export function cheapest(models: readonly Model[]): Model | null {
  const price = (model: Model) => Number(model.pricing.prompt) + Number(model.pricing.completion);
  const able = models.filter(talks).sort((a, b) => price(a) - price(b));
  const paid = able.filter((model) => !builtIn(model));
  return paid[0] ?? able.find(({ id }) => id === "tollgate/prose") ?? able[0] ?? null;
}

import type { Model } from "./catalogue";

/** A router finds a model for each call: it has no endpoints and no price of its own. */
export const isRouter = (model: Model) => model.architecture.tokenizer === "Router";

/** The maker, as the first part of the name has it. */
export const authorOf = (id: string) => id.slice(0, id.indexOf("/"));

/** The provider that an endpoint's tag or id begins with: `openai/priority` is one of `openai`. */
export const providerOf = (tag: string) => tag.split("/", 1)[0] ?? tag;

import { describe, expect, it } from "vitest";
import type { Model } from "~/api/catalogue";
import {
  apiQuery,
  costsAtMost,
  facetCount,
  facetSearch,
  facetsOf,
  NO_FACETS,
  qualifying,
  sorted,
} from "./facets";
import { modelUseOf } from "./use";

const model = (id: string, more: Partial<Model> = {}): Model => ({
  id,
  canonical_slug: id,
  hugging_face_id: null,
  name: id,
  created: 1_700_000_000,
  description: "",
  context_length: 128_000,
  architecture: {
    modality: "text->text",
    input_modalities: ["text"],
    output_modalities: ["text"],
    tokenizer: "Other",
    instruct_type: null,
  },
  pricing: { prompt: "0.0000001", completion: "0.0000004" },
  top_provider: { context_length: null, max_completion_tokens: null, is_moderated: false },
  supported_parameters: ["tools"],
  default_parameters: null,
  knowledge_cutoff: null,
  expiration_date: null,
  links: { details: "" },
  ...more,
});

const MODELS = [
  model("acme/cheap"),
  model("acme/dear", {
    pricing: { prompt: "0.00001", completion: "0.00003" },
    created: 1_800_000_000,
  }),
  model("acme/router", { pricing: { prompt: "-1", completion: "-1" } }),
  model("other/long", { context_length: 1_000_000, pricing: {}, supported_parameters: [] }),
  model("tollgate/echo", { created: 1_900_000_000 }),
];
const ids = (models: Model[]) => models.map(({ id }) => id);

describe("facets", () => {
  it("are read from the address and written there", () => {
    const facets = facetsOf({ q: "x", input: "image,file", price: "0.5", mine: "false" });
    expect(facets).toMatchObject({ q: "x", input: ["image", "file"], price: "0.5", mine: false });
    expect(facetCount(facets)).toBe(3);
    expect(facetsOf({ price: "nonsense", context: "7" })).toEqual(NO_FACETS);
    const written = facetSearch(facets);
    expect(
      facetsOf(Object.fromEntries(Object.entries(written).map(([k, v]) => [k, v ?? ""]))),
    ).toEqual(facets);
    expect(Object.values(facetSearch(NO_FACETS)).every((value) => value === undefined)).toBe(true);
  });
  it("leave the models that have all of what is asked for", () => {
    const left = (part: object) => ids(qualifying(MODELS, { ...NO_FACETS, ...part }));
    expect(left({ price: "0.1" })).toEqual(["acme/cheap", "tollgate/echo"]);
    expect(left({ context: "200000" })).toEqual(["other/long"]);
    expect(left({ q: "ACME dea" })).toEqual(["acme/dear"]);
    expect(left({ author: ["other"], supports: ["tools"] })).toEqual([]);
    expect(left({ input: ["image"] })).toEqual([]);
  });
  it("say the same to the API", () => {
    expect(apiQuery(NO_FACETS)).toEqual({ output_modalities: "all" });
    expect(apiQuery({ ...NO_FACETS, price: "1", supports: ["tools", "seed"], q: " gpt " })).toEqual(
      {
        output_modalities: "all",
        max_price: "1",
        supported_parameters: "tools,seed",
        q: "gpt",
      },
    );
  });
});

it("compares prices as decimals: what is unknown, or a router's, is not cheap", () => {
  expect(costsAtMost("0.0000001", "0.1")).toBe(true);
  expect(costsAtMost("0.00000010000000000000001", "0.1")).toBe(false);
  expect(costsAtMost("0", "0")).toBe(true);
  expect(costsAtMost("-1", "0")).toBe(false);
  expect(costsAtMost(undefined, "10")).toBe(false);
});

it("sorts either way round, with what is not known at the end", () => {
  const by = (column: string, descending: boolean) => ids(sorted(MODELS, { column, descending }));
  expect(by("prompt", false)).toEqual([
    "acme/cheap",
    "tollgate/echo",
    "acme/dear",
    "acme/router",
    "other/long",
  ]);
  expect(by("prompt", true).slice(-2)).toEqual(["acme/router", "other/long"]);
  expect(by("created", true).at(0)).toBe("acme/dear");
  expect(by("created", true).at(-1)).toBe("tollgate/echo");
});

it("sorts by what our own calls came to, with what was not measured at the end", () => {
  const uses = new Map(
    [
      ["acme/dear", 30, 0.1, 400],
      ["acme/cheap", 5, 0, 90],
      ["other/long", 100, 0.5, 200],
    ].map(([model, requests, error_rate, latency_p50]) => [
      String(model),
      modelUseOf({
        requests: Number(requests),
        error_rate: Number(error_rate),
        latency_p50: Number(latency_p50),
        throughput: null,
        usage: Number(requests) / 100,
      }),
    ]),
  );
  const by = (column: string, descending: boolean) =>
    ids(sorted(MODELS, { column, descending }, uses));
  // Five calls are too few to say how fast a model is, not what it cost.
  expect(by("latency", false).slice(0, 2)).toEqual(["other/long", "acme/dear"]);
  expect(by("uptime", true).slice(0, 2)).toEqual(["acme/dear", "other/long"]);
  expect(by("spend", true).slice(0, 3)).toEqual(["other/long", "acme/dear", "acme/cheap"]);
  expect(uses.get("acme/cheap")).toMatchObject({ calls: 5, latency: null, uptime: null });
});

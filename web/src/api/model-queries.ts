import { queryOptions } from "@tanstack/react-query";
import type { Model } from "./catalogue";
import { answer, client } from "./client";
import { ApiError } from "./error";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Endpoint = Schemas["Endpoint"];
export type Pricing = Schemas["Pricing"];

export interface ModelsAsked {
  /** Those that keys of one's own reach, too; else what every key of the gateway can call. */
  mine: boolean;
  /** Slugs. None is every provider. */
  providers?: readonly string[];
}

/** The query of the API for what is asked: of models that write anything, not only text. */
export const modelsAsked = ({ providers = [] }: ModelsAsked) => ({
  output_modalities: "all",
  ...(providers.length > 0 ? { providers: providers.join(",") } : {}),
});

async function readModels(asked: ModelsAsked, signal: AbortSignal): Promise<Model[]> {
  const params = { query: modelsAsked(asked) };
  const list = asked.mine
    ? await answer(client.GET("/api/v1/models/user", { params, signal }))
    : await answer(client.GET("/api/v1/models", { params, signal }));
  // The other form is a feed, for those who ask for one.
  return typeof list === "string" ? [] : list.data;
}

/** Models that can be called, of every kind, in one answer. */
export const usableModelsQuery = (asked: ModelsAsked) =>
  queryOptions({
    queryKey: ["models", asked.mine ? "mine" : "shared", ...(asked.providers ?? [])],
    queryFn: ({ signal }) => readModels(asked, signal),
    staleTime: 60_000,
  });

/** One model and where it is served. Null where nobody serves it. */
export interface ServedModel {
  model: Model;
  /** Null where only keys of one's own reach it: the gateway lists no endpoints then. */
  endpoints: Endpoint[] | null;
}

/**
 * A model's name may have more slashes than one, so it goes as one segment of the path.
 */
export const servedModelQuery = (id: string) =>
  queryOptions({
    queryKey: ["model", id],
    queryFn: async ({ signal }): Promise<ServedModel | null> => {
      const params = { path: { model: id } };
      try {
        const [model, served] = await Promise.all([
          answer(client.GET("/api/v1/model/{model}", { params, signal })),
          answer(client.GET("/api/v1/models/{model}/endpoints", { params, signal })),
        ]);
        return { model: model.data, endpoints: served.data.endpoints };
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        const own = await readModels({ mine: true }, signal);
        const model = own.find((one) => one.id === id);
        return model ? { model, endpoints: null } : null;
      }
    },
    staleTime: 10_000,
  });

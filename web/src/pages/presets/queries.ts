import { queryOptions } from "@tanstack/react-query";
import { answer, client, request } from "~/api/client";
import type { components } from "~/api/schema";

type Schemas = components["schemas"];

export type Preset = Schemas["Preset"];
export type PresetVersion = Schemas["PresetVersion"];
export type PresetChange = Schemas["PresetChange"];
export type SavedPreset = Schemas["PresetResponse"];

const PAGE = 100;

/** The presets of the default workspace: that of management keys and sessions. */
export const presetsQuery = queryOptions({
  queryKey: ["presets"],
  queryFn: ({ signal }) =>
    answer(client.GET("/api/v1/presets", { params: { query: { limit: PAGE } }, signal })),
});

export const presetVersionsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["presets", slug, "versions"],
    queryFn: async ({ signal }) => {
      const params = { path: { slug }, query: { limit: PAGE } };
      const call = client.GET("/api/v1/presets/{slug}/versions", { params, signal });
      return (await answer(call)).data;
    },
  });

/** Makes a preset of what a request would say, or a new version of it. No model is called. */
export const savePreset = (slug: string, body: unknown): Promise<SavedPreset> =>
  request(`/presets/${encodeURIComponent(slug)}/chat/completions`, { method: "POST", body });

/** A version as the request that makes it again. */
export function requestOf({ system_prompt, config }: PresetVersion): Record<string, unknown> {
  return {
    ...config,
    ...(system_prompt === null ? {} : { messages: [{ role: "system", content: system_prompt }] }),
  };
}

import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";

export type SettingInForce = components["schemas"]["SettingInForce"];

/** What the gateway is set to, and where each value comes from. */
export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: async ({ signal }) => (await answer(client.GET("/api/v1/settings", { signal }))).data,
  staleTime: 60_000,
});

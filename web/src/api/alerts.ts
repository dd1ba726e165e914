import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { components } from "./schema";
import type { SignedIn } from "./session";

export type Alert = components["schemas"]["Alert"];

const LATEST = 20;

/** What operators were told of, the newest first. Members name one of their workspaces. */
export const alertsQuery = ({ everywhere, workspaces }: SignedIn) => {
  const workspace = everywhere ? null : (workspaces[0]?.id ?? null);
  return queryOptions({
    queryKey: ["alerts", "latest", workspace],
    enabled: everywhere || workspace !== null,
    queryFn: async ({ signal }) => {
      const query = { limit: LATEST, ...(workspace === null ? {} : { workspace_id: workspace }) };
      return (await answer(client.GET("/api/v1/alerts", { params: { query }, signal }))).data;
    },
    staleTime: 30_000,
  });
};

import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "~/api/client";

/** The newest inference keys, as choices. */
export const keyNamesQuery = queryOptions({
  queryKey: ["keys", "names"],
  queryFn: async ({ signal }) => {
    const { data } = await answer(client.GET("/api/v1/keys", { signal }));
    return data.map(({ hash, name, label }) => ({ value: hash, label: name, hint: label }));
  },
  staleTime: 30_000,
});

import { onlineManager, useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { ApiError } from "~/api/error";
import { useZone } from "~/app/preferences";
import { timeOfDay } from "~/format";

/** Says in one line that what is shown is old, while the gateway can't be reached. */
export function OfflineStrip() {
  const queries = useQueryClient();
  const [zone] = useZone();
  const online = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  // Renders again whenever a query begins or ends.
  useIsFetching();
  const all = queries.getQueryCache().getAll();
  const failed = all.filter((query) => unreached(query.state.error)).length > 0;
  if (online && !failed) return null;
  const latest = Math.max(0, ...all.map((query) => query.state.dataUpdatedAt));
  return (
    <p role="status" className="border-b bg-warn-soft px-4 py-1.5 text-warn md:px-6">
      {online ? "Can't reach the gateway" : "This browser is offline"}
      {latest > 0 && ` — showing data from ${timeOfDay(new Date(latest), zone)}`}
    </p>
  );
}

const unreached = (error: unknown) =>
  error instanceof ApiError && (error.status === 0 || error.status >= 502);

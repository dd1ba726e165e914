import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { changeKey, type KeyRecord } from "~/api/keys";
import { useToast } from "~/components/Toast";

type Pages = InfiniteData<KeyRecord[], number>;

export interface KeyActs {
  /** Shows a key as it is now, wherever it is shown. */
  put: (key: KeyRecord) => void;
  /** Switches a key off or on, at once, and offers the way back. */
  setDisabled: (key: KeyRecord, disabled: boolean) => void;
  /** The last act that was refused, until the next. */
  refused: { what: string; error: unknown } | null;
  /** Asks for everything of keys anew. */
  refresh: () => void;
}

export function useKeyActs(): KeyActs {
  const queries = useQueryClient();
  const toast = useToast();
  const [refused, setRefused] = useState<KeyActs["refused"]>(null);
  const put = useCallback(
    (key: KeyRecord) => {
      queries.setQueriesData<Pages>({ queryKey: ["keys", "list"] }, (data) =>
        data
          ? {
              ...data,
              pages: data.pages.map((page) =>
                page.map((one) => (one.hash === key.hash ? key : one)),
              ),
            }
          : data,
      );
      queries.setQueryData(["keys", "one", key.hash], key);
    },
    [queries],
  );
  const refresh = useCallback(
    () => void queries.invalidateQueries({ queryKey: ["keys"] }),
    [queries],
  );
  const setDisabled = useCallback(
    async (key: KeyRecord, disabled: boolean) => {
      // Shown before the answer comes; put back when it is a refusal.
      put({ ...key, disabled });
      setRefused(null);
      try {
        put(await changeKey(key.hash, { disabled }));
        const undo = {
          label: "Undo",
          run: () => void setDisabled({ ...key, disabled }, !disabled),
        };
        toast(`${key.name} ${disabled ? "disabled" : "enabled"}`, undo);
      } catch (error) {
        put(key);
        setRefused({ what: `${key.name} can't be ${disabled ? "disabled" : "enabled"}`, error });
      }
    },
    [put, toast],
  );
  return { put, refresh, setDisabled, refused };
}

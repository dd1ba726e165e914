import { useEffect, useRef } from "react";
import type { Model } from "~/api/catalogue";
import { useSearchParams } from "~/url/state";
import { COLUMNS_MAX, NO_SETTINGS, newColumn } from "./conversation";
import { suggestedModel } from "./starters";
import { type Chat, useConversation } from "./use-chat";

const listed = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .slice(0, COLUMNS_MAX);

/**
 * Keeps the address and the conversation in step. `?chat=` opens one that this browser keeps;
 * `?from=gen-…` is a logged call, which `use-replay` reads; `?models=a,b&system=…&prompt=…` fills in what may then be sent. Nothing is ever sent by a link.
 */
export function useAddress({ store, models }: Chat): void {
  const [search, change] = useSearchParams();
  const conversation = useConversation();
  const wanted = search.chat;
  const begun = conversation.turns.length > 0;
  const current = begun ? conversation.id : undefined;
  const chosen = conversation.columns.flatMap(({ model }) => model ?? []).join(",");
  const first = useRef(true);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the address itself is another
  useEffect(() => {
    const opening = first.current;
    first.current = false;
    if (search.from !== undefined) {
      // What an earlier visit left in the tab is kept, and makes room.
      store.fresh([]);
      return;
    }
    if (wanted !== undefined) {
      if (wanted === store.conversation().id || store.open(wanted)) return;
    } else if (opening) {
      const names = listed(search.models);
      if (names.length > 0 || search.prompt || search.system) {
        // What an earlier visit left in the tab is kept; the link begins anew.
        const columns = names.length > 0 ? names : [firstModel(models)];
        store.fresh(
          columns.map((name) => newColumn(name)),
          { ...NO_SETTINGS, system: search.system ?? "" },
        );
        store.setDraft({ prompt: search.prompt ?? "" });
      }
    } else if (store.conversation().turns.length > 0) {
      store.fresh();
    }
    if (store.conversation().columns.length === 0)
      store.setColumns([newColumn(firstModel(models))]);
  }, [wanted, search.from]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the conversation is another
  useEffect(() => {
    // What is drawn may have made room in this very moment.
    if (chosen === "" || conversation !== store.conversation()) return;
    change(
      current === undefined
        ? { chat: undefined, models: chosen }
        : {
            chat: current,
            models: undefined,
            system: undefined,
            prompt: undefined,
            from: undefined,
          },
      current !== undefined && wanted !== undefined && wanted !== current,
    );
  }, [current, chosen]);
}

const firstModel = (models: ReadonlyMap<string, Model>): string | null =>
  suggestedModel([...models.values()])?.id ?? null;

import { useMemo } from "react";
import { modelsText, newColumn } from "./conversation";
import { starters } from "./starters";
import { useChat } from "./use-chat";

/** What stands there before anything was asked: prompts that show what the page can do. */
export function Starters() {
  const { store, models } = useChat();
  const list = useMemo(() => starters([...models.values()]), [models]);
  return (
    <div className="max-w-[68ch] py-8">
      <h2 className="text-read font-semibold">Ask up to four models the same</h2>
      <p className="mt-1 text-read text-muted">
        Each answers in its own column, with the time, tokens and cost it took, and why its provider
        was chosen. Begin with one of these, or write below.
      </p>
      <ul className="mt-4 border-t">
        {list.map((one) => (
          <li key={one.title} className="border-b">
            <button
              type="button"
              className="flex min-h-11 w-full flex-wrap items-baseline gap-x-3 px-1 py-2 text-left hover:bg-hover"
              onClick={() => {
                store.fresh(
                  one.models.map((model) => newColumn(model)),
                  one.settings,
                );
                store.setDraft({ prompt: one.prompt });
                document.getElementById("chat-prompt")?.focus();
              }}
            >
              <span className="font-medium">{one.title}</span>
              <span className="text-muted">{one.hint}</span>
              <span className="ml-auto text-label text-muted">{modelsText(one.models)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

import { gatewayBase } from "~/api/base";
import { CopyButton } from "~/components/CopyField";
import { Dialog } from "~/components/Dialog";
import { stringifySearch } from "~/url/search";
import type { Conversation } from "./conversation";
import { useChat, useConversation } from "./use-chat";

/** What a link of a conversation says: models, system prompt, the first prompt. */
export function shareSearch({ columns, settings, turns }: Conversation, draft: string): string {
  return stringifySearch({
    models: columns.flatMap(({ model }) => model ?? []).join(","),
    system: settings.system,
    prompt: turns[0]?.prompt ?? draft,
  });
}

export function ShareDialog({ onClose }: { onClose: () => void }) {
  const { store } = useChat();
  const link = `${gatewayBase()}/chat${shareSearch(useConversation(), store.draft().prompt)}`;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Share"
      actions={<CopyButton label="link" value={link} text="Copy link" />}
    >
      <p className="mb-3">
        Whoever may sign in here finds these models, the system prompt and the first prompt filled
        in. Nothing is sent until they send it, and answers are not in the link.
      </p>
      <code className="block max-h-40 overflow-y-auto border bg-sunken px-3 py-2 font-mono text-label break-all">
        {link}
      </code>
    </Dialog>
  );
}

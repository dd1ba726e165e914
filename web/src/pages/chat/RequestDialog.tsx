import { useState } from "react";
import { apiBase } from "~/api/base";
import { CodeTabs } from "~/components/CodeTabs";
import { Dialog } from "~/components/Dialog";
import { Select } from "~/components/Select";
import { letterOf, type Turn } from "./conversation";
import { type ChatBody, readable } from "./request";
import { requestSamples } from "./samples";
import { useChat, useConversation } from "./use-chat";

export interface RequestDialogProps {
  body: ChatBody;
  turn: Turn;
  onClose: () => void;
  children?: React.ReactNode;
}

/** A request as programs make it. It names a key of the reader's; the playground's is never shown. */
export function RequestDialog({ body, turn, onClose, children }: RequestDialogProps) {
  const media = turn.attachments.length > 0;
  return (
    <Dialog open onClose={onClose} title="Request" wide>
      {children}
      <p className="mb-3 text-muted">
        POST /api/v1/chat/completions, with a key of yours in TOLLGATE_API_KEY.
        {media && " What is attached is cut short."}
      </p>
      <CodeTabs samples={requestSamples(apiBase(), readable(body))} />
    </Dialog>
  );
}

/** What would be sent now; where nothing is written, what was sent last. */
export function DraftRequest({ onClose }: { onClose: () => void }) {
  const { store, models } = useChat();
  const { columns, turns } = useConversation();
  const [chosen, setChosen] = useState(columns[0]?.id ?? "");
  const column = columns.find(({ id }) => id === chosen) ?? columns[0];
  if (!column) return null;
  const draft = store.draft();
  const last = turns.at(-1);
  const written = draft.prompt.trim() !== "" || draft.attachments.length > 0;
  // Without its last answer, which is what that call was for.
  const turn: Turn =
    written || !last
      ? { id: "draft", ...draft, answers: {} }
      : { ...last, answers: { [column.id]: last.answers[column.id]?.slice(0, -1) ?? [] } };
  const options = columns.map(({ id, model }, index) => ({
    value: id,
    label: `${letterOf(index)} ${model ?? ""}`,
  }));
  return (
    <RequestDialog body={store.requestOf(turn, column, models)} turn={turn} onClose={onClose}>
      {columns.length > 1 && (
        <Select
          label="Model"
          options={options}
          value={column.id}
          onChange={setChosen}
          className="mb-3 max-w-80"
        />
      )}
    </RequestDialog>
  );
}

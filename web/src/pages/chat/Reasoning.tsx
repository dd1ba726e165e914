import { useState } from "react";
import { quantity } from "~/format";
import type { Answer } from "./conversation";
import { tokensIn } from "./estimate";

/** What the model thought, folded, with a count of its own. */
export function Reasoning({ answer }: { answer: Answer }) {
  const [open, setOpen] = useState(false);
  const counted = answer.usage?.reasoningTokens ?? 0;
  if (answer.reasoning === "" && counted === 0) return null;
  const thinking = answer.status === "running" && answer.text === "";
  const count = counted > 0 ? quantity(counted) : `≈\u202f${quantity(tokensIn(answer.reasoning))}`;
  if (answer.reasoning === "") {
    return <p className="mb-2 text-label text-muted">Reasoned for {count} tokens, unseen.</p>;
  }
  return (
    <details
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="mb-2 border-l-2 pl-3 text-muted"
    >
      <summary className="min-h-6 cursor-pointer text-label">
        {thinking ? "Reasoning" : "Reasoned"} · {count} tok
      </summary>
      {open && (
        <p className="mt-1 max-w-[68ch] break-words whitespace-pre-wrap">{answer.reasoning}</p>
      )}
    </details>
  );
}

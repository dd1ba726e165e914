import { useEffect, useState } from "react";
import { Money } from "~/components/Money";
import { duration, quantity, speed } from "~/format";
import type { Answer } from "./conversation";
import { costOf, tokensIn } from "./estimate";
import { useAnswer, useChat } from "./use-chat";

/** Silence from this long on is spoken of. */
const SILENT_MS = 10_000;
const TICK_MS = 1_000;

/** About how many tokens an answer has so far. */
const writtenTokens = ({ text, reasoning, toolCalls }: Answer): number =>
  tokensIn(text) +
  tokensIn(reasoning) +
  toolCalls.reduce((sum, call) => sum + tokensIn(call.name + call.arguments), 0);

/** The quiet line: what an answer took, each number as it becomes true. */
export function Numbers({ id }: { id: string | undefined }) {
  const answer = useAnswer(id);
  const { models } = useChat();
  const silentMs = useSilence(answer);
  if (!answer) return null;
  const { firstMs, lastMs, usage, status } = answer;
  const counted = usage?.completionTokens ?? null;
  const written = counted ?? writtenTokens(answer);
  const estimated = counted === null;
  const about = estimated ? "≈\u202f" : "";
  // What a pause before the end took is the model's, too.
  const writing = firstMs !== null && lastMs !== null ? lastMs - firstMs : null;
  const price = models.get(answer.model)?.pricing;
  const cost = usage?.cost ?? (price ? costOf(price, 0, written) : null);
  if (silentMs !== null && status === "running") {
    return (
      <span className="text-warn" role="status">
        No tokens for {duration(Math.floor(silentMs / 1000) * 1000)}. Stop it, or wait.
      </span>
    );
  }
  if (firstMs === null) {
    return <span>{status === "running" ? "Waiting for the first token" : ""}</span>;
  }
  return (
    <span className="truncate" data-numbers={status}>
      <span title="Time to first token">{duration(firstMs)} TTFT</span>
      {writing !== null && writing > 0 && written > 0 && (
        <>
          {" · "}
          <span title="Output tokens per second">
            {about}
            {speed(written, writing)}
          </span>
        </>
      )}
      {" · "}
      <span title="Tokens written">
        {about}
        {quantity(written)} tok
      </span>
      {cost !== null && (
        <>
          {" · "}
          <Money dollars={cost} estimated={usage?.cost == null} />
        </>
      )}
    </span>
  );
}

/** For how long a running answer has brought nothing; null while that is no news. */
function useSilence(answer: Answer | undefined): number | null {
  const [now, setNow] = useState(() => performance.now());
  const running = answer?.status === "running";
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(performance.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [running]);
  if (!answer || !running) return null;
  const silent = now - answer.began - (answer.lastMs ?? 0);
  return silent >= SILENT_MS ? silent : null;
}

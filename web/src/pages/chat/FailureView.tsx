import { RotateCw } from "lucide-react";
import { useState } from "react";
import { Button } from "~/components/Button";
import { CopyField } from "~/components/CopyField";
import { duration } from "~/format";
import type { Answer, Column, Failure, Turn } from "./conversation";
import { RaiseLimit } from "./RaiseLimit";
import { useChat } from "./use-chat";

export interface FailureViewProps {
  failure: Failure;
  answer: Answer;
  turn: Turn;
  column: Column;
}

/** What failed in a column, and what to do next. The other columns go on. */
export function FailureView({ failure, answer, turn, column }: FailureViewProps) {
  const { store, models } = useChat();
  const [raising, setRaising] = useState(false);
  const spent = ownLimitSpent(failure);
  const details = [...saidByProvider(failure), ...others(failure)];
  const again = () => store.retry(turn.id, column.id, models);
  return (
    <div
      role="alert"
      className="flex flex-col items-start gap-2 border-l-2 border-bad pl-3 not-first:mt-3"
    >
      <p className="font-semibold">
        {spent ? "Your playground's limit is spent" : headline(failure, answer)}
        {failure.status > 0 && <span className="ml-2 font-mono text-bad">{failure.status}</span>}
      </p>
      <p className="break-words">
        {spent
          ? "No more can be asked until it starts anew or is raised. Everything else works on."
          : failure.message}
      </p>
      {details.map((line) => (
        <p key={line} className="max-w-full text-label break-words text-muted">
          {line}
        </p>
      ))}
      {!spent && <p className="text-muted">{nextStep(failure, column)}</p>}
      <div className="flex flex-wrap gap-2">
        {spent && (
          <Button size="sm" onClick={() => setRaising(true)}>
            Raise limit
          </Button>
        )}
        {column.provider && failure.status !== 0 && !spent && (
          <Button
            size="sm"
            onClick={() => {
              store.setColumn(column.id, { provider: null });
              again();
            }}
          >
            Retry at any provider
          </Button>
        )}
        <Button size="sm" icon={<RotateCw aria-hidden className="size-3.5" />} onClick={again}>
          Retry
        </Button>
      </div>
      {failure.requestId && <CopyField label="Request id" value={failure.requestId} />}
      {raising && (
        <RaiseLimit
          onClose={() => setRaising(false)}
          onRaised={() => {
            setRaising(false);
            again();
          }}
        />
      )}
    </div>
  );
}

const metadataOf = ({ details }: Failure): Record<string, unknown> => {
  const { metadata } = details;
  return typeof metadata === "object" && metadata !== null ? { ...metadata } : {};
};

/** Whether it is the playground key's own limit that is spent, which its person may raise. */
function ownLimitSpent(failure: Failure): boolean {
  return failure.status === 402 && metadataOf(failure).limit_source === "openrouter_key_limit";
}

function headline({ status, type }: Failure, answer: Answer): string {
  if (answer.text !== "" || answer.reasoning !== "") return "The answer broke off";
  if (status === 0) return "The gateway can't be reached";
  if (type === "rate_limit_exceeded") return "Too many calls at the moment";
  if (type === "context_length_exceeded") return "The conversation is too long for this model";
  if (status >= 500) return "No provider answered";
  return "The request was refused";
}

function nextStep({ status, type, details }: Failure, column: Column): string {
  const wait = details.retry_after;
  if (typeof wait === "number") return `Try again in ${duration(wait * 1000)}.`;
  if (status === 0) return "Look whether it runs, then retry.";
  if (status === 402)
    return "A budget above this key is spent. Whoever manages budgets can raise it.";
  if (type === "rate_limit_exceeded") return "Wait a moment, then retry, or choose another model.";
  if (type === "context_length_exceeded")
    return "Begin a new chat, or choose a model with more room.";
  if (status === 403) return "An owner or admin can change what your playground's key may do.";
  if (status === 404) {
    return column.provider
      ? "The provider that is pinned may not serve this model now."
      : "Choose another model.";
  }
  if (status >= 500) return "Retry, or choose another model or provider.";
  return "Change the prompt or the parameters, then send again.";
}

const LINE_MAX = 300;

/** The provider's own words. */
function saidByProvider(failure: Failure): string[] {
  const { provider_name, raw } = metadataOf(failure);
  if (raw == null || raw === "") return [];
  const text = typeof raw === "string" ? raw : JSON.stringify(raw);
  const who = typeof provider_name === "string" ? provider_name : "The provider";
  return [`${who} said: ${text.slice(0, LINE_MAX)}${text.length > LINE_MAX ? "…" : ""}`];
}

/** The endpoints that failed before, and what else the gateway says. */
function others(failure: Failure): string[] {
  const { previous_errors, remedy_hint } = metadataOf(failure);
  const lines: string[] = [];
  if (Array.isArray(previous_errors) && previous_errors.length > 0) {
    const before = previous_errors.map((one: unknown) => previous(one)).filter(Boolean);
    lines.push(`Before that: ${before.join(", ")}.`);
  }
  if (typeof remedy_hint === "string") lines.push(`${remedy_hint}.`);
  return lines;
}

function previous(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { provider_name, code, message } = { ...error } as Record<string, unknown>;
  return [provider_name, code, message].filter((part) => part != null).join(" ");
}

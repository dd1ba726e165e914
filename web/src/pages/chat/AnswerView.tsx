import { Link } from "@tanstack/react-router";
import { Braces, RotateCw, ScrollText } from "lucide-react";
import { useState } from "react";
import { Button, buttonClass } from "~/components/Button";
import { CopyButton } from "~/components/CopyField";
import { Markdown } from "~/components/Markdown";
import { Ribbon, type Segment } from "~/components/Ribbon";
import { Tooltip } from "~/components/Tooltip";
import type { Answer, Column, Turn } from "./conversation";
import { FailureView } from "./FailureView";
import { Reasoning } from "./Reasoning";
import { RequestDialog } from "./RequestDialog";
import { ToolCalls } from "./ToolCalls";
import { useAnswer, useChat } from "./use-chat";
import { WhyDialog } from "./WhyDialog";

export interface AnswerViewProps {
  id: string;
  turn: Turn;
  column: Column;
  letter: string;
  latest: boolean;
  /** Whether it is not said who answers. */
  hidden: boolean;
}

export function AnswerView({ id, turn, column, letter, latest, hidden }: AnswerViewProps) {
  const answer = useAnswer(id);
  if (!answer) return null;
  const running = answer.status === "running";
  return (
    <article
      aria-label={hidden ? `Answer of ${letter}` : `Answer of ${letter}, ${answer.model}`}
      className="max-w-160 not-first:mt-4"
    >
      {!hidden && column.model !== answer.model && (
        <p className="mb-1 text-label text-muted">Answered by {answer.model}</p>
      )}
      <Reasoning answer={answer} />
      <div role="log" aria-busy={running} aria-label={`Answer ${letter}`}>
        {answer.text !== "" && <Markdown text={answer.text} />}
        {running && answer.text === "" && answer.reasoning === "" && (
          <span aria-hidden className="inline-block h-4 w-2 animate-pulse bg-line-strong" />
        )}
      </div>
      {answer.toolCalls.length > 0 && (
        <ToolCalls answer={answer} turn={turn} column={column} open={latest && !running} />
      )}
      {answer.status === "stopped" && (
        <p className="mt-2 text-label text-muted">
          Stopped. What was written until then is paid for.
        </p>
      )}
      {answer.status === "done" && answer.finish === "length" && (
        <p className="mt-2 text-label text-muted">Cut off at its longest length.</p>
      )}
      {answer.status === "done" && nothing(answer) && (
        <p className="text-muted">The model answered without a word.</p>
      )}
      {hidden && answer.failure && <p className="text-muted">No answer came.</p>}
      {!hidden && answer.failure && (
        <FailureView failure={answer.failure} answer={answer} turn={turn} column={column} />
      )}
      {!running && !hidden && (
        <Footer answer={answer} turn={turn} column={column} letter={letter} />
      )}
    </article>
  );
}

const nothing = ({ text, reasoning, toolCalls }: Answer): boolean =>
  text === "" && reasoning === "" && toolCalls.length === 0;

/** The route, as the end of the stream told it. */
function segmentsOf({ attempts, provider, totalMs, status }: Answer): Segment[] {
  if (attempts.length === 0) {
    return provider && status !== "failed"
      ? [{ kind: "served", label: provider, ms: totalMs }]
      : [];
  }
  return attempts.map((attempt, place) => ({
    // The last one may have begun well and broken off.
    kind:
      attempt.status === null ||
      attempt.status >= 400 ||
      (status === "failed" && place === attempts.length - 1)
        ? "failed"
        : "served",
    label: attempt.status === null ? attempt.provider : `${attempt.provider} ${attempt.status}`,
    ms: null,
  }));
}

interface FooterProps {
  answer: Answer;
  turn: Turn;
  column: Column;
  letter: string;
}

function Footer({ answer, turn, column, letter }: FooterProps) {
  const { store, models } = useChat();
  const [opened, setOpened] = useState<"why" | "request" | null>(null);
  const segments = segmentsOf(answer);
  const { generation } = answer;
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-label text-muted">
      {segments.length > 0 && (
        <span className="flex items-center gap-2">
          <Ribbon segments={segments} width={40} />
          {answer.provider ?? segments.at(-1)?.label}
        </span>
      )}
      {generation && (
        <button
          type="button"
          className="min-h-6 text-accent underline-offset-2 hover:underline"
          onClick={() => setOpened("why")}
        >
          {answer.status === "failed" ? "What was tried?" : "Why this provider?"}
        </button>
      )}
      <span className="-mr-1 ml-auto flex">
        {answer.text !== "" && <CopyButton label={`answer ${letter}`} value={answer.text} />}
        {!answer.failure && (
          <Tooltip text="Ask again">
            <Button
              variant="quiet"
              size="sm"
              aria-label={`Ask ${letter} again`}
              icon={<RotateCw aria-hidden className="size-3.5" />}
              onClick={() => store.retry(turn.id, column.id, models)}
            />
          </Tooltip>
        )}
        <Tooltip text="View request">
          <Button
            variant="quiet"
            size="sm"
            aria-label={`View request of ${letter}`}
            icon={<Braces aria-hidden className="size-3.5" />}
            onClick={() => setOpened("request")}
          />
        </Tooltip>
        {generation && (
          <Tooltip text="Open in the log">
            <Link
              to="/logs"
              search={{ open: generation }}
              aria-label={`Open ${letter} in the log`}
              className={buttonClass("quiet", "sm", true)}
            >
              <ScrollText aria-hidden className="size-3.5" />
            </Link>
          </Tooltip>
        )}
      </span>
      {opened === "why" && generation && (
        <WhyDialog
          title={answer.status === "failed" ? "What was tried?" : "Why this provider?"}
          generation={generation}
          onClose={() => setOpened(null)}
        />
      )}
      {opened === "request" && (
        <RequestDialog
          body={store.requestOf(
            { ...turn, answers: beforeAnswer(turn, column, answer) },
            column,
            models,
          )}
          turn={turn}
          onClose={() => setOpened(null)}
        />
      )}
    </div>
  );
}

/** What had been answered in a turn when an answer was asked for. */
function beforeAnswer({ answers }: Turn, { id }: Column, answer: Answer): Turn["answers"] {
  const steps = answers[id] ?? [];
  return { ...answers, [id]: steps.slice(0, steps.indexOf(answer.id)) };
}

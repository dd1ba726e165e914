import { Wrench } from "lucide-react";
import { useState } from "react";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { CONTROL } from "~/components/Field";
import { type Answer, allResolved, type Column, type ToolCall, type Turn } from "./conversation";
import { useChat } from "./use-chat";

export interface ToolCallsProps {
  answer: Answer;
  turn: Turn;
  column: Column;
  /** Whether results may be given now. */
  open: boolean;
}

/** The calls of tools that a model asks for. Their results are given by hand. */
export function ToolCalls({ answer, turn, column, open }: ToolCallsProps) {
  const { store, models } = useChat();
  const [results, setResults] = useState<Readonly<Record<string, string>>>({});
  const calls = answer.toolCalls;
  const resolved = allResolved(calls);
  const asking = open && !resolved && answer.status === "done";
  return (
    <form
      aria-label="Calls of tools"
      className="mt-2 flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        store.resolve(turn.id, column.id, results, models);
      }}
    >
      {calls.map((call, index) => (
        <div key={call.id || index} className="border">
          <p className="flex items-center gap-2 border-b px-3 py-1.5">
            <Wrench aria-hidden className="size-3.5 text-muted" />
            <code className="min-w-0 truncate font-mono text-label">{call.name}</code>
          </p>
          <Code code={pretty(call)} language="json" bare />
          {call.result !== null && (
            <div className="border-t">
              <p className="px-3 pt-1.5 text-label text-muted">Result</p>
              <Code code={call.result} bare />
            </div>
          )}
          {asking && (
            <textarea
              aria-label={`Result of ${call.name}`}
              placeholder="Its result, as text or JSON"
              required
              rows={2}
              value={results[call.id] ?? ""}
              onChange={(event) => setResults({ ...results, [call.id]: event.target.value })}
              className={`${CONTROL} h-auto resize-y rounded-none border-x-0 border-b-0 py-1.5 font-mono pointer-coarse:h-auto`}
            />
          )}
        </div>
      ))}
      {asking && (
        <Button type="submit" size="sm" className="self-start">
          {calls.length > 1 ? "Send results" : "Send result"}
        </Button>
      )}
    </form>
  );
}

function pretty(call: ToolCall): string {
  try {
    return JSON.stringify(JSON.parse(call.arguments), null, 2);
  } catch {
    return call.arguments;
  }
}

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "~/api/error";
import { contentQuery, type GenerationContent } from "~/api/generation";
import { Button } from "~/components/Button";
import { Code } from "~/components/Code";
import { ErrorPanel } from "~/components/ErrorPanel";
import { JsonTree } from "~/components/JsonTree";
import { Loading } from "~/components/Loading";
import { Markdown } from "~/components/Markdown";

/** What was said and answered. It is read when it is asked for, and not before. */
export function Content({ id }: { id: string }) {
  const [wanted, setWanted] = useState(false);
  const { data, error, isPending, refetch } = useQuery({
    ...contentQuery(id),
    enabled: wanted,
    retry: false,
  });
  if (!wanted) return <Button onClick={() => setWanted(true)}>Show what was said</Button>;
  if (error instanceof ApiError && error.status === 403) return <NotKept message={error.message} />;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <p className="text-muted">
        Nothing is kept of this call: it was made before, is too old, or is not among those that are
        kept.
      </p>
    );
  }
  if (error) {
    return <ErrorPanel what="It can't be read" error={error} onRetry={() => void refetch()} />;
  }
  if (isPending) return <Loading label="What was said" rows={4} />;
  return <Said content={data} />;
}

function NotKept({ message }: { message: string }) {
  return (
    <p className="text-muted">
      What is said in this workspace isn't kept, or not for you to read. The gateway says: {message}
    </p>
  );
}

function Said({ content }: { content: GenerationContent }) {
  const [raw, setRaw] = useState(false);
  const messages = content.input?.messages ?? [];
  const { output, error } = content;
  return (
    <div className="flex flex-col gap-3">
      <Button size="sm" className="self-end" aria-pressed={raw} onClick={() => setRaw(!raw)}>
        {raw ? "As a conversation" : "As JSON"}
      </Button>
      {raw ? (
        <>
          <JsonTree label="Request" value={content.input} />
          <JsonTree label="Response" value={content.output ?? content.error} />
        </>
      ) : (
        <>
          {messages.map((message, index) => (
            <Message key={index} message={message} />
          ))}
          {content.input?.prompt !== undefined && (
            <Turn who="prompt">
              <Words value={content.input.prompt} />
            </Turn>
          )}
          {output && (
            <Turn who="answer">
              {output.reasoning && (
                <details className="mb-2 text-muted">
                  <summary>Thinking</summary>
                  <Words value={output.reasoning} />
                </details>
              )}
              {output.completion && <Markdown text={output.completion} />}
              {output.tool_calls?.map((call) => (
                <Code key={call.id} code={`${call.name}(${call.arguments})`} />
              ))}
            </Turn>
          )}
          {error && (
            <Turn who={`error ${error.status}`}>
              <Words value={error.raw ?? error.message} />
            </Turn>
          )}
        </>
      )}
      {content.truncated && (
        <p className="text-label text-muted">It was longer than a mebibyte, and was cut.</p>
      )}
    </div>
  );
}

function Message({ message }: { message: object }) {
  const { role, content, ...rest } = message as { role?: unknown; content?: unknown };
  return (
    <Turn who={typeof role === "string" ? role : "message"}>
      <Words value={content ?? rest} />
    </Turn>
  );
}

function Turn({ who, children }: { who: string; children: React.ReactNode }) {
  return (
    <div className="border-l-2 border-line-strong pl-3">
      <p className="text-label text-muted">{who}</p>
      {children}
    </div>
  );
}

/** Text as it is; anything else as JSON. */
function Words({ value }: { value: unknown }) {
  if (typeof value === "string") {
    return <p className="text-read break-words whitespace-pre-wrap">{value}</p>;
  }
  return <Code code={JSON.stringify(value, null, 2)} language="json" />;
}

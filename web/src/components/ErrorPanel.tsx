/**
 * What failed, in its place: other panels go on working.
 *
 *     <ErrorPanel what="The log can't be read" error={error} onRetry={refetch} />
 */
import { RotateCw } from "lucide-react";
import { useSyncExternalStore } from "react";
import { ApiError } from "~/api/error";
import { Button } from "./Button";
import { CopyField } from "./CopyField";

export interface ErrorPanelProps {
  /** What could not be done, as a sentence without its full stop. */
  what: string;
  error: unknown;
  onRetry?: () => void;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

export function ErrorPanel({ what, error, onRetry }: ErrorPanelProps) {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  const failure = error instanceof ApiError ? error : null;
  return (
    <div
      role="alert"
      className="my-2 flex max-w-[68ch] flex-col items-start gap-2 border-l-2 border-bad py-1 pl-4"
    >
      <p className="font-semibold">
        {what}
        {failure && failure.status > 0 && (
          <span className="ml-2 font-mono text-bad">{failure.status}</span>
        )}
      </p>
      <p className="text-muted">{online ? messageOf(error) : "This browser is offline."}</p>
      {failure?.status === 403 && (
        <p className="text-muted">Your role doesn't allow this. An owner or admin can change it.</p>
      )}
      {failure?.requestId && <CopyField label="Request id" value={failure.requestId} />}
      {onRetry && (
        <Button onClick={onRetry} icon={<RotateCw aria-hidden className="size-4" />}>
          Retry
        </Button>
      )}
    </div>
  );
}

/** What an error says to people. */
export function messageOf(error: unknown): string {
  if (error instanceof Error && error.message !== "") return error.message;
  return "Something failed without saying why.";
}

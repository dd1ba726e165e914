import { ApiError } from "~/api/error";
import { Button } from "~/components/Button";
import { ErrorPanel } from "~/components/ErrorPanel";
import { type Draft, withoutCause } from "./draft";

interface RefusedProps {
  error: unknown;
  draft: Draft;
  onChange: (draft: Draft) => void;
  onRetry: () => void;
}

/** Nothing is left to serve the request: why, endpoint by endpoint, and what would help. */
export function Refused({ error, draft, onChange, onRetry }: RefusedProps) {
  const reasons = reasonsOf(error);
  if (reasons.length === 0) {
    return <ErrorPanel what="There is no plan" error={error} onRetry={onRetry} />;
  }
  return (
    <div role="alert">
      <p className="mb-1 text-title">It would go nowhere: every endpoint is ruled out.</p>
      <p className="mb-4 text-muted">
        The caller would read: {error instanceof Error ? error.message : ""}
      </p>
      <ul className="max-w-[68ch]">
        {reasons.map((reason) => {
          const next = withoutCause(draft, reason);
          return (
            <li key={reason} className="flex min-h-10 items-center gap-3 border-b py-1">
              <span className="min-w-0 flex-1">{reason}.</span>
              {next && (
                <Button size="sm" onClick={() => onChange(next)}>
                  What if not?
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** `First is ignored by …; Second may keep prompts`, as the gateway's hint has it. */
function reasonsOf(error: unknown): string[] {
  if (!(error instanceof ApiError)) return [];
  const { metadata } = error.details;
  if (typeof metadata !== "object" || metadata === null || !("remedy_hint" in metadata)) return [];
  return typeof metadata.remedy_hint === "string" ? metadata.remedy_hint.split("; ") : [];
}

import { ArrowDown, ArrowDownToLine, ArrowUp, ArrowUpToLine } from "lucide-react";
import type { Byok } from "~/api/provider-keys";
import { useSession } from "~/app/session";
import { Button } from "~/components/Button";
import { Status } from "~/components/Status";
import { bounds, type Move } from "./lanes";

export interface ByokCardProps {
  row: Byok;
  provider: string;
  /** Where it stands among those of its provider in its lane. */
  place: { at: number; of: number } | null;
  onOpen: () => void;
  /** Null while nothing can be moved, or by those who may not. */
  onMove: ((to: Move) => void) | null;
}

/** A key in its lane. */
export function ByokCard({ row, provider, place, onOpen, onMove }: ByokCardProps) {
  const { workspaces } = useSession();
  const workspace = workspaces.find(({ id }) => id === row.workspace_id);
  const name = row.name ?? row.label;
  const about = [
    ...(workspace ? [`workspace ${workspace.name}`] : []),
    ...(row.always_use && !row.is_fallback ? ["always used"] : []),
    ...bounds(row).map((bound) => `only ${bound}`.replace("only no", "no")),
  ];
  const Over = row.is_fallback ? ArrowUpToLine : ArrowDownToLine;
  return (
    <li className="flex min-h-12 items-center gap-3 border-b py-1">
      <button type="button" onClick={onOpen} className="min-w-0 flex-1 text-left hover:underline">
        <span className="flex items-baseline gap-2">
          <span className="truncate font-medium">{name}</span>
          <code className="shrink-0 font-mono text-label text-muted">{row.label}</code>
        </span>
        <span className="block truncate text-label text-muted">
          {[provider, ...about].join(" · ")}
        </span>
      </button>
      {row.disabled && <Status tone="idle">Off</Status>}
      <div className="flex shrink-0">
        {place && (
          <>
            <Button
              variant="quiet"
              aria-label={`Move ${name} up`}
              title="Try earlier"
              disabled={!onMove || place.at === 1}
              onClick={() => onMove?.("up")}
              icon={<ArrowUp aria-hidden className="size-4" />}
            />
            <Button
              variant="quiet"
              aria-label={`Move ${name} down`}
              title="Try later"
              disabled={!onMove || place.at === place.of}
              onClick={() => onMove?.("down")}
              icon={<ArrowDown aria-hidden className="size-4" />}
            />
          </>
        )}
        <Button
          variant="quiet"
          aria-label={row.is_fallback ? `Prioritise ${name}` : `Make ${name} a fallback`}
          title={row.is_fallback ? "To prioritised" : "To fallback"}
          disabled={!onMove}
          onClick={() => onMove?.("over")}
          icon={<Over aria-hidden className="size-4" />}
        />
      </div>
    </li>
  );
}

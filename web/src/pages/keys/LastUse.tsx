import { USE_DAYS } from "./queries";
import type { ListedKey } from "./use-listed-keys";

const DAY_MS = 86_400_000;

/** On which day a key was called last, as far as the sums by day tell. */
export function LastUse({ listed, now }: { listed: ListedKey; now: Date }) {
  const { record, use, useKnown } = listed;
  if (use) {
    const text = dayWords(use.lastDay, now);
    return (
      <time dateTime={use.lastDay} title={`${use.lastDay}, UTC`}>
        {text}
      </time>
    );
  }
  if (!useKnown) return "–";
  const young = now.getTime() - new Date(record.created_at).getTime() < USE_DAYS * DAY_MS;
  const text = young && record.usage === 0 && record.byok_usage === 0 ? "never" : "over 30 d ago";
  return <span className="text-muted">{text}</span>;
}

function dayWords(day: string, now: Date): string {
  const today = now.toISOString().slice(0, 10);
  const days = Math.round((new Date(today).getTime() - new Date(day).getTime()) / DAY_MS);
  if (days <= 0) return "today";
  return days === 1 ? "yesterday" : `${days} d ago`;
}

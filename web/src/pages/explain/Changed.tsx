import { useState } from "react";
import type { Routing } from "~/api/generation";
import { Section } from "~/components/Page";
import { changesBetween } from "./changes";

interface ChangedProps {
  /** The request, as text. */
  asked: string;
  routing: Routing;
  model: string | null;
}

/** What the last change to the request changed, for as long as it is about the same model. */
export function Changed({ asked, routing, model }: ChangedProps) {
  const [now, setNow] = useState({ asked, routing, model });
  const [before, setBefore] = useState<Routing | null>(null);
  // Remembered while rendering, as React advises for what follows from props.
  if (now.asked !== asked) {
    setBefore(now.model === model ? now.routing : null);
    setNow({ asked, routing, model });
  } else if (now.routing !== routing) {
    setNow({ asked, routing, model });
  }
  const changes = before === null ? [] : changesBetween(before, routing);
  if (changes.length === 0) return null;
  return (
    <Section title="What your last change did">
      <ul role="status" className="max-w-[68ch]">
        {changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
    </Section>
  );
}

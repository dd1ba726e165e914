import { useEffect, useRef, useState } from "react";
import type { Routing } from "~/api/generation";
import { Section } from "~/components/Page";
import { changesBetween } from "./changes";

/** What the last change to the request changed. */
export function Changed({ routing, model }: { routing: Routing; model: string | null }) {
  const before = useRef<{ model: string | null; routing: Routing } | null>(null);
  const [changes, setChanges] = useState<readonly string[]>([]);
  useEffect(() => {
    const last = before.current;
    before.current = { model, routing };
    if (last === null || last.model !== model) setChanges([]);
    else if (last.routing !== routing) setChanges(changesBetween(last.routing, routing));
  }, [routing, model]);
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

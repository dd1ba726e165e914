/**
 * The same call in several languages, ready to be copied:
 *
 *     <CodeTabs samples={chatSamples({ baseUrl: apiBase(), apiKey: "$TOLLGATE_API_KEY", model })} />
 *
 * `chatSamples` writes curl, Python and TypeScript. The language stays chosen everywhere.
 */
import { Tabs } from "@base-ui/react/tabs";
import { useState } from "react";
import { Code } from "./Code";
import { CopyButton } from "./CopyField";
import type { Sample } from "./samples";

export { chatSamples, type Sample } from "./samples";

let lastChosen = "curl";

export function CodeTabs({ samples }: { samples: readonly Sample[] }) {
  const [chosen, setChosen] = useState(lastChosen);
  const current = samples.find((sample) => sample.name === chosen) ?? samples[0];
  if (!current) return null;
  return (
    <Tabs.Root
      value={current.name}
      onValueChange={(name: string) => {
        lastChosen = name;
        setChosen(name);
      }}
      className="min-w-0 border bg-sunken"
    >
      <div className="flex items-center justify-between gap-2 border-b pr-1 pl-3">
        <Tabs.List aria-label="Language" className="flex gap-4 overflow-x-auto">
          {samples.map((sample) => (
            <Tabs.Tab
              key={sample.name}
              value={sample.name}
              className="h-8 border-b-2 border-transparent text-label whitespace-nowrap text-muted hover:text-text data-[active]:border-accent data-[active]:text-text pointer-coarse:h-11"
            >
              {sample.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <CopyButton label={`${current.label} sample`} value={current.code} />
      </div>
      {samples.map((sample) => (
        <Tabs.Panel key={sample.name} value={sample.name} className="outline-none">
          <Code code={sample.code} language={sample.language} bare />
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}

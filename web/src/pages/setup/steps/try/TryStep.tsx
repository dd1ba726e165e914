import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { modelsQuery } from "~/api/catalogue";
import { usableModelsQuery } from "~/api/model-queries";
import { Button } from "~/components/Button";
import { ErrorPanel } from "~/components/ErrorPanel";
import { CONTROL } from "~/components/Field";
import { Markdown } from "~/components/Markdown";
import { ModelPicker } from "~/components/ModelPicker";
import { Money } from "~/components/Money";
import { Ribbon } from "~/components/Ribbon";
import { duration, speed } from "~/format";
import { text, useUrlState } from "~/url/state";
import type { StepProps } from "../../step";
import { type Answering, useAnswering } from "./answering";
import { builtIn, cheapest } from "./cheapest";

/** The provider that has just been given a key: the cheapest of its models is tried. */
const PROVIDER = text();
const PROMPT = "In two sentences: what is a toll gate, and what has it to do with language models?";

/** A first answer, with what it took. */
export default function TryStep({ onNext }: StepProps) {
  const [provider] = useUrlState("provider", PROVIDER);
  const theirs = useQuery({
    ...usableModelsQuery({ mine: true, providers: [provider] }),
    enabled: provider !== "",
  });
  const best = cheapest(theirs.data ?? []);
  const elsewhere = provider === "" || (theirs.isFetched && best === null);
  const { data: all = [] } = useQuery({ ...modelsQuery, enabled: elsewhere });
  const [chosen, setChosen] = useState<string | null>(null);
  const [prompt, setPrompt] = useState(PROMPT);
  const { answer, ask, asking, error } = useAnswering();
  const suggested = best ?? cheapest(all);
  const model = chosen ?? suggested?.id ?? null;
  const done = answer.totalMs !== null;
  return (
    <>
      <h1 className="mb-1 text-figure font-medium">Ask something</h1>
      <p className="mb-6 text-read text-muted">
        {suggested && builtIn(suggested)
          ? "No provider has a key yet, so a simulated model inside the gateway answers. Its price is made up: nobody bills you for it."
          : "The cheapest model is chosen. Your own playground key pays, up to $5 a day."}
      </p>
      <form
        aria-label="Ask something"
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (model !== null) ask({ model, prompt });
        }}
      >
        <ModelPicker value={model} onChange={setChosen} />
        <textarea
          aria-label="Prompt"
          rows={3}
          required
          value={prompt}
          onChange={(event) => setPrompt(event.target.value)}
          className={`${CONTROL} h-auto py-1.5`}
        />
        <div className="flex gap-2">
          <Button
            type="submit"
            variant={done ? "default" : "primary"}
            busy={asking}
            disabled={model === null}
          >
            {done ? "Ask again" : "Ask"}
          </Button>
          {done && (
            <Button variant="primary" onClick={onNext}>
              Continue
            </Button>
          )}
        </div>
      </form>
      {error && <ErrorPanel what="No answer came" error={error} />}
      {answer.text !== "" && <Answer answer={answer} asking={asking} />}
    </>
  );
}

function Answer({ answer, asking }: { answer: Answering; asking: boolean }) {
  const { text: words, provider, firstMs, totalMs, tokens, cost } = answer;
  return (
    <div className="mt-5 border-t pt-4">
      <div role="log" aria-busy={asking} aria-label="Answer">
        <Markdown text={words} />
      </div>
      <dl className="mt-4 flex flex-wrap items-center gap-x-5 gap-y-1 text-muted">
        <Figure name="First token">{duration(firstMs)}</Figure>
        {totalMs !== null && firstMs !== null && (
          <Figure name="Speed">{speed(tokens, totalMs - firstMs)}</Figure>
        )}
        {cost !== null && (
          <Figure name="Cost">
            <Money dollars={cost} />
          </Figure>
        )}
      </dl>
      {provider && totalMs !== null && (
        <p className="mt-2 flex items-center gap-3">
          <Ribbon segments={[{ kind: "served", label: provider, ms: totalMs }]} />
          Served by {provider} in {duration(totalMs)}.
        </p>
      )}
    </div>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt>{name}</dt>
      <dd className="text-text">{children}</dd>
    </div>
  );
}

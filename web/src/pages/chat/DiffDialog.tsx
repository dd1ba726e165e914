import { useMemo, useState } from "react";
import { Dialog } from "~/components/Dialog";
import { Select } from "~/components/Select";
import { percent } from "~/format";
import type { Answer } from "./conversation";
import { diffOf, sameShare } from "./words-diff";

export interface DiffDialogProps {
  /** By letter. */
  answers: readonly { letter: string; answer: Answer }[];
  onClose: () => void;
}

/** Two answers as one text, with what only one of them says. */
export default function DiffDialog({ answers, onClose }: DiffDialogProps) {
  const [first, setFirst] = useState(answers[0]?.letter ?? "");
  const [second, setSecond] = useState(answers[1]?.letter ?? "");
  const textOf = (letter: string) =>
    answers.find((one) => one.letter === letter)?.answer.text ?? "";
  const [one, other] = [textOf(first), textOf(second)];
  const pieces = useMemo(() => diffOf(one, other), [one, other]);
  const options = answers.map(({ letter }) => ({ value: letter, label: letter }));
  return (
    <Dialog open onClose={onClose} title="What differs" wide>
      <div className="mb-3 flex flex-wrap items-center gap-2 text-muted">
        {answers.length > 2 ? (
          <>
            <Select label="First" value={first} onChange={setFirst} options={options} />
            <Select label="Second" value={second} onChange={setSecond} options={options} />
          </>
        ) : null}
        <span>
          <del className="bg-bad-soft text-bad">only in {first}</del>{" "}
          <ins className="bg-accent-soft text-accent no-underline">only in {second}</ins>
        </span>
        <span className="ml-auto">{percent(sameShare(pieces))} the same</span>
      </div>
      <p
        role="region"
        aria-label={`${first} and ${second}`}
        className="max-w-[84ch] text-read break-words whitespace-pre-wrap"
      >
        {pieces.map(({ kind, text }, index) =>
          kind === "both" ? (
            text
          ) : kind === "first" ? (
            <del key={index} className="bg-bad-soft text-bad">
              {text}
            </del>
          ) : (
            <ins key={index} className="bg-accent-soft text-accent no-underline">
              {text}
            </ins>
          ),
        )}
      </p>
    </Dialog>
  );
}

/**
 * Names and values, such as the details of a record: `<Facts facts={[["Model", "openai/gpt-4o"], …]} />`.
 *
 * Facts that are null are left out.
 */
import type { ReactNode } from "react";

export type Fact = readonly [label: string, value: ReactNode];

export function Facts({ facts }: { facts: readonly (Fact | null)[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-6">
      {facts.map(
        (fact) =>
          fact && (
            <div
              key={fact[0]}
              className="col-span-2 grid min-h-8 grid-cols-subgrid items-center border-b py-1"
            >
              <dt className="text-muted">{fact[0]}</dt>
              <dd className="min-w-0 break-words">{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

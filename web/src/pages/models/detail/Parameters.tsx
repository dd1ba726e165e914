import { Check } from "lucide-react";
import type { Model } from "~/api/catalogue";
import type { Endpoint } from "~/api/model-queries";
import { classes } from "~/components/classes";
import { EmptyState } from "~/components/EmptyState";

export interface ParametersProps {
  model: Model;
  endpoints: readonly Endpoint[];
}

const CELL = "border-b px-3 py-1 text-left";

/** Which provider takes which parameter. */
export function Parameters({ model, endpoints }: ParametersProps) {
  const names = [
    ...new Set([
      ...model.supported_parameters,
      ...endpoints.flatMap((endpoint) => endpoint.supported_parameters),
    ]),
  ].sort();
  if (names.length === 0) {
    return (
      <EmptyState title="Nothing is known of its parameters">It is called without any.</EmptyState>
    );
  }
  const columns =
    endpoints.length > 0
      ? endpoints.map(({ tag, supported_parameters: takes }) => ({ tag, takes }))
      : [{ tag: model.id, takes: model.supported_parameters }];
  return (
    <>
      <p className="mb-2 max-w-[68ch] text-muted">
        With <code className="font-mono text-label">provider.require_parameters</code> a call goes
        only where all of its parameters are taken.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section aria-label="By provider" tabIndex={0} className="shrink-0 overflow-x-auto">
        <table className="border-collapse">
          <thead>
            <tr>
              <th scope="col" className={classes(CELL, "text-label font-normal text-muted")}>
                Parameter
              </th>
              {columns.map(({ tag }, at) => (
                <th
                  key={`${tag}:${at}`}
                  scope="col"
                  className={classes(CELL, "font-mono text-label font-normal whitespace-nowrap")}
                >
                  {tag}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row" className={classes(CELL, "font-mono text-label font-normal")}>
                  {name}
                </th>
                {columns.map(({ tag, takes }, at) => (
                  <td key={`${tag}:${at}`} className={CELL}>
                    {takes.includes(name) ? (
                      <Check aria-label="yes" role="img" className="size-4 text-good" />
                    ) : (
                      <span className="text-muted">no</span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

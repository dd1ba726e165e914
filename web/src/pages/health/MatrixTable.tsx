import { Link } from "@tanstack/react-router";
import { Status } from "~/components/Status";
import { duration, uptime } from "~/format";
import type { Judged, Matrix } from "./matrix";

interface Opens {
  onOpen: (id: string) => void;
}

/** Models by providers; each state with its mark and its words. */
export function MatrixTable({ matrix, onOpen }: Opens & { matrix: Matrix }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section aria-label="Endpoints" tabIndex={0} className="shrink-0 overflow-x-auto">
      <table aria-label="State by model and provider" className="border-collapse">
        <thead>
          <tr className="border-b text-label text-muted">
            <th
              scope="col"
              className="sticky left-0 z-10 h-8 bg-bg pr-6 text-left font-normal whitespace-nowrap"
            >
              Model
            </th>
            {matrix.providers.map(({ slug, name }) => (
              <th
                key={slug}
                scope="col"
                className="h-8 min-w-40 pr-4 text-left font-normal whitespace-nowrap"
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.rows.map(({ model, cells }) => (
            <tr key={model} className="border-b">
              <th
                scope="row"
                className="sticky left-0 z-10 max-w-80 truncate bg-bg pr-6 text-left font-normal"
              >
                <Link to={`/${model}`} className="hover:underline">
                  {model}
                </Link>
              </th>
              {matrix.providers.map(({ slug }) => (
                <td key={slug} className="h-8 pr-4 align-middle whitespace-nowrap">
                  <Cell endpoints={cells.get(slug) ?? []} onOpen={onOpen} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ endpoints, onOpen }: Opens & { endpoints: Judged[] }) {
  if (endpoints.length === 0) {
    return (
      <span className="text-faint">
        <span aria-hidden>–</span>
        <span className="sr-only">not called there</span>
      </span>
    );
  }
  return endpoints.map((one) => (
    <button
      key={one.health.endpoint_id}
      type="button"
      onClick={() => onOpen(one.health.endpoint_id)}
      className="flex min-h-7 items-center gap-2 rounded-sm text-left hover:underline"
    >
      <State endpoint={one} />
    </button>
  ));
}

function State({ endpoint: { state, variant } }: { endpoint: Judged }) {
  return (
    <>
      <Status tone={state.tone}>{state.words}</Status>
      {variant !== "" && <span className="text-label text-muted">{variant}</span>}
    </>
  );
}

/** The same one below the other, for narrow windows. */
export function EndpointList({ endpoints, onOpen }: Opens & { endpoints: readonly Judged[] }) {
  return (
    <ul aria-label="Endpoints" className="border-t">
      {endpoints.map((one) => {
        const { health } = one;
        const up = health.uptime_last_1d;
        return (
          <li key={health.endpoint_id} className="border-b">
            <button
              type="button"
              onClick={() => onOpen(health.endpoint_id)}
              className="grid min-h-14 w-full grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 py-1.5 text-left"
            >
              <span className="truncate font-medium">{health.model_id}</span>
              <span className="text-right text-muted">
                {up === null ? duration(health.latency_last_30m?.p50) : uptime(up / 100)}
              </span>
              <span className="truncate text-muted">{health.provider_name}</span>
              <span className="flex items-center gap-2 justify-self-end">
                <State endpoint={one} />
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

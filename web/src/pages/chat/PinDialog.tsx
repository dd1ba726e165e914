import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { Dialog } from "~/components/Dialog";
import { ErrorPanel } from "~/components/ErrorPanel";
import { Loading } from "~/components/Loading";
import { duration, perMillion, UNKNOWN } from "~/format";
import type { Column } from "./conversation";
import { useChat } from "./use-chat";

const endpointsQuery = (model: string) =>
  queryOptions({
    queryKey: ["models", model, "endpoints"],
    queryFn: async ({ signal }) => {
      const [author = "", ...slug] = model.split("/");
      const path = { author, slug: slug.join("/") };
      return (
        await answer(
          client.GET("/api/v1/models/{author}/{slug}/endpoints", { params: { path }, signal }),
        )
      ).data.endpoints;
    },
    staleTime: 60_000,
  });

/** Which provider alone may answer in a column. */
export function PinDialog({ column, onClose }: { column: Column; onClose: () => void }) {
  const { store } = useChat();
  const { data, error, isPending, refetch } = useQuery(endpointsQuery(column.model ?? ""));
  const choose = (provider: string | null) => {
    store.setColumn(column.id, { provider });
    onClose();
  };
  return (
    <Dialog open onClose={onClose} title={`Who may answer as ${column.model}`} wide>
      {error ? (
        <ErrorPanel what="The endpoints can't be read" error={error} onRetry={refetch} />
      ) : isPending ? (
        <Loading label="Endpoints" rows={3} />
      ) : (
        <ul className="border-t">
          <Choice
            name="Any provider"
            detail="Routing chooses, and goes on elsewhere when one fails"
            selected={column.provider === null}
            onChoose={() => choose(null)}
          />
          {data.map(({ tag, provider_name, pricing, latency_last_30m }) => (
            <Choice
              key={tag}
              name={`Only ${provider_name}`}
              detail={[
                `${perMillion(pricing.prompt)} in · ${perMillion(pricing.completion)} out /M`,
                latency_last_30m ? `${duration(latency_last_30m.p50)} to first token` : UNKNOWN,
              ].join(", ")}
              selected={column.provider === tag}
              onChoose={() => choose(tag)}
            />
          ))}
        </ul>
      )}
    </Dialog>
  );
}

interface ChoiceProps {
  name: string;
  detail: string;
  selected: boolean;
  onChoose: () => void;
}

function Choice({ name, detail, selected, onChoose }: ChoiceProps) {
  return (
    <li className="border-b">
      <button
        type="button"
        aria-pressed={selected}
        onClick={onChoose}
        className="flex min-h-9 w-full flex-wrap items-baseline gap-x-3 px-1 py-1.5 text-left hover:bg-hover pointer-coarse:min-h-11"
      >
        <span className={selected ? "font-semibold text-accent" : "font-medium"}>{name}</span>
        <span className="ml-auto text-label text-muted">{detail}</span>
      </button>
    </li>
  );
}

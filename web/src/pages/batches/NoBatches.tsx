import { useQuery } from "@tanstack/react-query";
import { apiBase } from "~/api/base";
import { modelsQuery } from "~/api/catalogue";
import { Code } from "~/components/Code";
import { CopyButton } from "~/components/CopyField";
import { EmptyState } from "~/components/EmptyState";
import { shellQuoted } from "~/components/samples";

/** A batch of two requests, as a program submits it. */
function sample(model: string): string {
  const request = (id: string, content: string) => ({
    custom_id: id,
    body: { messages: [{ role: "user", content }] },
  });
  // What else there is has to stand before the requests.
  const batch = {
    endpoint: "/v1/chat/completions",
    model,
    requests: [request("a", "Say hello"), request("b", "Say goodbye")],
  };
  return `curl ${apiBase()}/batches \\
  -H "Authorization: Bearer $TOLLGATE_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d ${shellQuoted(JSON.stringify(batch, null, 2))}`;
}

/** What a batch is, and how one is made: the dashboard makes none, for it has no key that spends. */
export function NoBatches() {
  const { data: models = [] } = useQuery(modelsQuery);
  const model = models.find(({ id }) => id === "tollgate/prose") ?? models[0];
  const code = sample(model?.id ?? "tollgate/prose");
  return (
    <EmptyState
      title="No batches yet"
      more={
        <>
          <p className="pb-2 text-muted">Submit one with an API key, and it appears here:</p>
          <div className="relative max-w-180">
            <Code code={code} language="bash" />
            <span className="absolute top-1 right-1">
              <CopyButton label="Batch sample" value={code} />
            </span>
          </div>
        </>
      }
    >
      A batch is up to 50,000 requests in one body. They are answered within 24 hours, for less than
      they cost one by one.
    </EmptyState>
  );
}

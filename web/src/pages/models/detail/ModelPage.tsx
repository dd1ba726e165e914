import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { apiBase } from "~/api/base";
import type { Model } from "~/api/catalogue";
import { isRouter } from "~/api/model-names";
import { type ServedModel, servedModelQuery } from "~/api/model-queries";
import { may, mayCall } from "~/api/session";
import { NotFound } from "~/app/NotFound";
import { useSession } from "~/app/session";
import { ApiCall } from "~/components/ApiCall";
import { buttonClass } from "~/components/Button";
import { CodeTabs, chatSamples } from "~/components/CodeTabs";
import { CopyField } from "~/components/CopyField";
import { EmptyState } from "~/components/EmptyState";
import { ErrorPanel } from "~/components/ErrorPanel";
import { JsonTree } from "~/components/JsonTree";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { Tabs } from "~/components/Tabs";
import { day, perMillion, quantity, UNKNOWN } from "~/format";
import { oneOf, useUrlState } from "~/url/state";
import { contextText } from "../columns";
import { ComparePath } from "../compare/ComparePath";
import { Endpoints } from "./Endpoints";
import { Parameters } from "./Parameters";
import { Performance } from "./Performance";
import { Usage } from "./Usage";

const TABS = ["providers", "performance", "usage", "parameters", "code", "json"] as const;
const TAB = oneOf(TABS, "providers");

/** `/{author}/{slug}`: one model. `/compare/…` leads on. */
export default function ModelPage() {
  const params = useParams({ strict: false }) as { author?: string; _splat?: string };
  const id = `${params.author ?? ""}/${params._splat ?? ""}`;
  if (!params._splat) return <NotFound />;
  if (params.author === "compare") return <ComparePath path={params._splat} />;
  return <OfModel key={id} id={id} />;
}

function OfModel({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useQuery(servedModelQuery(id));
  const call = <ApiCall method="GET" path={`/models/${encodeURIComponent(id)}/endpoints`} />;
  if (data) return <Known served={data} />;
  return (
    <Page title={id} actions={call}>
      {isPending && <Loading label="Model" rows={6} />}
      {error && <ErrorPanel what="The model can't be read" error={error} onRetry={refetch} />}
      {data === null && (
        <EmptyState
          title="No key reaches a model of this name"
          action={
            <div className="flex gap-2">
              <Link to="/models" className={buttonClass("primary")}>
                All models
              </Link>
              <Link to="/providers" className={buttonClass()}>
                Add a provider
              </Link>
            </div>
          }
        >
          Its provider may have no key here, or the name may be written otherwise.
        </EmptyState>
      )}
    </Page>
  );
}

function Known({ served }: { served: ServedModel }) {
  const { model, endpoints } = served;
  const [tab, setTab] = useUrlState("tab", TAB);
  const session = useSession();
  const calls = mayCall(session);
  // A router's calls are those of the models that it found.
  const counted = may(session, "usage") && !isRouter(model);
  const { id } = model;
  return (
    <Page
      title={model.name}
      scope={<CopyField label="Model id" value={id} labelled={false} />}
      actions={
        <>
          <ApiCall method="GET" path={`/models/${encodeURIComponent(id)}/endpoints`} />
          <Link to="/models" search={{ compare: id }} className={buttonClass()}>
            Compare
          </Link>
          {calls && (
            <Link to="/chat" search={{ models: id }} className={buttonClass("primary")}>
              Try it
            </Link>
          )}
        </>
      }
    >
      <Notices model={model} />
      {model.description !== "" && (
        <p className="mb-4 max-w-[68ch] text-read">{model.description}</p>
      )}
      <Summary model={model} />
      <Tabs
        label="About this model"
        value={!counted && (tab === "performance" || tab === "usage") ? "providers" : tab}
        onChange={setTab}
        tabs={[
          {
            value: "providers",
            label: "Providers",
            count: endpoints?.length,
            panel: <Endpoints model={model} endpoints={endpoints} />,
          },
          ...(counted
            ? ([
                {
                  value: "performance",
                  label: "Performance",
                  panel: <Performance model={model} />,
                },
                { value: "usage", label: "Our usage", panel: <Usage model={model} /> },
              ] as const)
            : []),
          {
            value: "parameters",
            label: "Parameters",
            count: model.supported_parameters.length,
            panel: <Parameters model={model} endpoints={endpoints ?? []} />,
          },
          { value: "code", label: "Code", panel: <Samples model={model} /> },
          {
            value: "json",
            label: "JSON",
            panel: <JsonTree label="The model as the API has it" value={served} />,
          },
        ]}
      />
    </Page>
  );
}

/** What is about to change, and what the name stands for. */
function Notices({ model }: { model: Model }) {
  const { expiration_date: ends, alias_target: target } = model;
  return (
    <>
      {ends && (
        <p role="note" className="mb-3 border-l-2 border-warn bg-warn-soft px-3 py-1.5">
          Its providers end it on {ends}. Choose another model before.
        </p>
      )}
      {target && (
        <p className="mb-3 text-muted">
          This name means the newest of its family, now{" "}
          <Link to={`/${target.slug}`} className="text-accent underline">
            {target.slug}
          </Link>
          .
        </p>
      )}
    </>
  );
}

function Summary({ model }: { model: Model }) {
  const { architecture, pricing, top_provider: top } = model;
  const facts: [string, ReactNode][] = [
    ["Context", contextText(model.context_length)],
    [
      "Longest answer",
      top.max_completion_tokens === null ? UNKNOWN : quantity(top.max_completion_tokens),
    ],
    ["Input", `${perMillion(pricing.prompt)} /M`],
    ["Output", `${perMillion(pricing.completion)} /M`],
    ["Takes", architecture.input_modalities.join(", ")],
    ["Writes", architecture.output_modalities.join(", ")],
    ["Released", model.created > 0 ? day(model.created, "utc") : UNKNOWN],
  ];
  return (
    <dl className="mb-5 flex flex-wrap gap-x-8 gap-y-3">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt className="text-label text-muted">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A call that works as it stands, with the gateway's own address. */
function Samples({ model }: { model: Model }) {
  const talks = model.architecture.output_modalities.includes("text");
  if (!talks) {
    return (
      <EmptyState title="This model doesn't talk">
        It writes {model.architecture.output_modalities.join(", ")}, by a route of its own. The{" "}
        <a className="text-accent underline" href={`${apiBase()}/openapi.json`}>
          OpenAPI document
        </a>{" "}
        has it.
      </EmptyState>
    );
  }
  return (
    <div className="max-w-180">
      <CodeTabs
        samples={chatSamples({
          baseUrl: apiBase(),
          apiKey: "$TOLLGATE_API_KEY",
          model: model.id,
        })}
      />
      {!isRouter(model) && (
        <p className="mt-3 max-w-[68ch] text-muted">
          With <code className="font-mono text-label">{model.id}:floor</code> the cheapest provider
          is tried first, with <code className="font-mono text-label">{model.id}:nitro</code> the
          fastest.
        </p>
      )}
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Model, providersQuery } from "~/api/catalogue";
import {
  type EndpointHistory,
  type EndpointsHistory,
  endpointHistoryQuery,
} from "~/api/endpoint-history";
import { healthQuery } from "~/api/health";
import { isRouter, providerOf } from "~/api/model-names";
import type { Endpoint } from "~/api/model-queries";
import { type ProviderKey, providerKeysQuery } from "~/api/provider-keys";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import type { Column } from "~/components/columns";
import { DataTable } from "~/components/DataTable";
import { EmptyState } from "~/components/EmptyState";
import { UptimeLine } from "~/components/health/UptimeStrip";
import { KeySource } from "~/components/provider-key/source";
import { duration, perMillion, quantity, speed, UNKNOWN, uptime } from "~/format";
import { useOpen } from "~/url/state";
import { contextText } from "../columns";
import { EndpointSheet } from "./EndpointSheet";
import { ofTag } from "./measured";

export interface ProviderAbout {
  slug: string;
  name: string;
  privacy_policy_url: string | null;
  terms_of_service_url: string | null;
  status_page_url: string | null;
  headquarters?: string;
  datacenters?: string[];
}

export interface EndpointRow {
  /** The tag; with its place where several have the same. */
  id: string;
  endpoint: Endpoint;
  about: ProviderAbout | undefined;
  key: ProviderKey | undefined;
  /** How it did in 30 days, if anybody called it. */
  did: Did | undefined;
}

export interface Did {
  span: EndpointsHistory;
  endpoint: EndpointHistory;
}

const COLUMNS: Column<EndpointRow>[] = [
  {
    id: "provider",
    header: "Provider",
    width: 140,
    grow: 2,
    rank: 0,
    cell: ({ endpoint }) => (
      <>
        <span className="font-medium">{endpoint.provider_name}</span>
        <span className="ml-2 font-mono text-label text-muted">{endpoint.tag}</span>
      </>
    ),
  },
  {
    id: "prompt",
    header: "In /M",
    width: 64,
    align: "right",
    rank: 0,
    cell: ({ endpoint }) => perMillion(endpoint.pricing.prompt),
  },
  {
    id: "completion",
    header: "Out /M",
    width: 64,
    align: "right",
    rank: 0,
    cell: ({ endpoint }) => perMillion(endpoint.pricing.completion),
  },
  {
    id: "cached",
    header: "Cached /M",
    width: 76,
    align: "right",
    rank: 5,
    cell: ({ endpoint }) => perMillion(endpoint.pricing.input_cache_read),
  },
  {
    id: "context",
    header: "Context",
    width: 60,
    align: "right",
    rank: 4,
    cell: ({ endpoint }) => contextText(endpoint.context_length),
  },
  {
    id: "max",
    header: "Max out",
    width: 60,
    align: "right",
    rank: 8,
    cell: ({ endpoint }) =>
      endpoint.max_completion_tokens === null ? UNKNOWN : quantity(endpoint.max_completion_tokens),
  },
  {
    id: "latency",
    header: "TTFT p50",
    width: 70,
    align: "right",
    rank: 3,
    cell: ({ endpoint }) => duration(endpoint.latency_last_30m?.p50),
  },
  {
    id: "throughput",
    header: "Speed p50",
    width: 82,
    align: "right",
    rank: 3,
    cell: ({ endpoint }) => speed(endpoint.throughput_last_30m?.p50, 1000),
  },
  {
    id: "uptime",
    header: "Uptime 30 d",
    width: 168,
    rank: 2,
    cell: ({ endpoint, did }) => <Uptime name={endpoint.provider_name} did={did} />,
  },
  {
    id: "policy",
    header: "Data policy",
    width: 76,
    rank: 7,
    cell: ({ about }) => <Policy about={about} />,
  },
  {
    id: "key",
    header: "Key",
    width: 130,
    grow: 1,
    rank: 6,
    cell: ({ key }) => (key ? <KeySource row={key} /> : UNKNOWN),
  },
];

function Uptime({ name, did }: { name: string; did: Did | undefined }) {
  if (!did) return UNKNOWN;
  const { uptime: up, steps } = did.endpoint;
  return (
    <span className="flex items-center gap-2">
      <UptimeLine label={name} span={did.span} steps={steps} />
      <span className="w-16 shrink-0 text-right">{uptime(up === null ? null : up / 100)}</span>
    </span>
  );
}

export function Policy({ about }: { about: ProviderAbout | undefined }) {
  if (!about?.privacy_policy_url) return UNKNOWN;
  return (
    <a
      href={about.privacy_policy_url}
      target="_blank"
      rel="noreferrer"
      className="text-accent underline"
    >
      Privacy
      <span className="sr-only"> policy of {about.name}</span>
    </a>
  );
}

export interface EndpointsProps {
  model: Model;
  /** Null where only own keys reach the model. */
  endpoints: readonly Endpoint[] | null;
}

/** Where a model is served, at what price, and how that goes here. */
export function Endpoints({ model, endpoints }: EndpointsProps) {
  const session = useSession();
  const [open, setOpen] = useOpen();
  const any = (endpoints?.length ?? 0) > 0;
  const abouts = useQuery({ ...providersQuery, enabled: any });
  const seesKeys = session.everywhere && may(session, "own_keys");
  const keys = useQuery({ ...providerKeysQuery, enabled: any && seesKeys });
  const health = useQuery({ ...healthQuery(model.id), enabled: any && open !== null });
  const { data: history } = useQuery({
    ...endpointHistoryQuery({ range: "30d", model: model.id }),
    enabled: any && !isRouter(model),
  });
  if (isRouter(model)) {
    return (
      <EmptyState title="A router finds a model for each call">
        It is served wherever that model is, at that model's price.
      </EmptyState>
    );
  }
  if (!any) {
    return (
      <EmptyState title="Only keys of your own reach this model">
        Their endpoints are not listed; the price is that of your account at the provider.
      </EmptyState>
    );
  }
  const rows = (endpoints ?? []).map((endpoint, at, all): EndpointRow => {
    const slug = providerOf(endpoint.tag);
    const twin = all.findIndex(({ tag }) => tag === endpoint.tag) < at;
    const did = twin ? undefined : ofTag(endpoint.tag, history?.endpoints ?? []);
    return {
      id: twin ? `${endpoint.tag}:${at}` : endpoint.tag,
      endpoint,
      about: abouts.data?.find((one) => one.slug === slug),
      key: keys.data?.find((one) => one.provider === slug),
      did: history && did && { span: history, endpoint: did },
    };
  });
  return (
    <>
      <DataTable
        label="Providers"
        rows={rows}
        columns={seesKeys ? COLUMNS : WITHOUT_KEYS}
        rowKey={(row) => row.id}
        openKey={open}
        onOpen={setOpen}
        height="content"
      />
      <p className="mt-3 text-muted">
        Prices are list prices. Latency and speed are those of this gateway's own calls of the last
        30 minutes, uptime is that of 30 days; a dash is too few of them.{" "}
        <Link to="/status" search={{ model: model.id }} className="text-accent underline">
          Health of this model
        </Link>
      </p>
      <EndpointSheet
        row={rows.find((row) => row.id === open) ?? null}
        health={health.data ?? []}
        onClose={() => setOpen(null)}
      />
    </>
  );
}

const WITHOUT_KEYS = COLUMNS.filter(({ id }) => id !== "key");

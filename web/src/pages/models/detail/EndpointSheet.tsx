import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EndpointHealth } from "~/api/health";
import { providerOf } from "~/api/model-names";
import type { Endpoint, Pricing } from "~/api/model-queries";
import { CopyField } from "~/components/CopyField";
import { type Fact, Facts } from "~/components/Facts";
import { endpointState } from "~/components/health/endpoint-state";
import { UptimeStrip } from "~/components/health/UptimeStrip";
import { KeySource } from "~/components/provider-key/source";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { duration, exact, perMillion, quantity, speed, UNKNOWN, uptime, whole } from "~/format";
import { contextText } from "../columns";
import { PRICE_ORDER, priceUnit } from "../words";
import type { EndpointRow } from "./Endpoints";
import { ofTag } from "./measured";

export interface EndpointSheetProps {
  row: EndpointRow | null;
  health: readonly EndpointHealth[];
  onClose: () => void;
}

/** Everything that is known of where a model is served. */
export function EndpointSheet({ row, health, onClose }: EndpointSheetProps) {
  return (
    <Sheet
      open={row !== null}
      onClose={onClose}
      title={row?.endpoint.provider_name ?? ""}
      subtitle={row && <CopyField label="Tag" value={row.endpoint.tag} labelled={false} />}
    >
      {row && <Details row={row} health={health} />}
    </Sheet>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-6 first:mt-0">
      <h3 className="mb-2 font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function Details({ row, health }: { row: EndpointRow; health: readonly EndpointHealth[] }) {
  const { endpoint, about, key, did } = row;
  const latency = endpoint.latency_last_30m;
  const throughput = endpoint.throughput_last_30m;
  const one = ofTag(endpoint.tag, health);
  const state = one && endpointState(one);
  return (
    <>
      <Part title="Prices">
        <Facts facts={priceFacts(endpoint.pricing)} />
      </Part>
      {did && (
        <Part title="Last 30 days">
          <UptimeStrip title="Uptime by day" span={did.span} steps={did.endpoint.steps} />
        </Part>
      )}
      <Part title="Measured here">
        <Facts
          facts={[
            state
              ? [
                  "State",
                  <Status key="state" tone={state.tone}>
                    {state.words}
                  </Status>,
                ]
              : null,
            ["Uptime, 30 min", uptime(share(endpoint.uptime_last_30m))],
            ["Uptime, 1 day", uptime(share(endpoint.uptime_last_1d))],
            did ? ["Uptime, 30 days", uptime(share(did.endpoint.uptime))] : null,
            ["First token", percentiles(latency, duration)],
            ["Speed", percentiles(throughput, (value) => speed(value, 1000))],
            one ? ["Attempts, 30 min", attempts(one)] : null,
          ]}
        />
      </Part>
      <Part title="Bounds">
        <Facts
          facts={[
            ["Context", contextText(endpoint.context_length)],
            ["Longest answer", count(endpoint.max_completion_tokens)],
            endpoint.max_prompt_tokens === null
              ? null
              : ["Longest prompt", count(endpoint.max_prompt_tokens)],
            ["Quantization", endpoint.quantization ?? UNKNOWN],
            [
              "Caches prompts",
              endpoint.supports_implicit_caching ? "By itself" : "No, or when asked",
            ],
          ]}
        />
      </Part>
      <Part title="Provider">
        <Facts
          facts={[
            key ? ["Key", <KeySource key="key" row={key} />] : null,
            about?.headquarters ? ["Headquarters", about.headquarters] : null,
            about?.datacenters?.length ? ["Data centres", about.datacenters.join(", ")] : null,
            link("Privacy", about?.privacy_policy_url),
            link("Terms", about?.terms_of_service_url),
            link("Its status", about?.status_page_url),
          ]}
        />
        {key && (
          <Link
            to="/providers"
            search={{ open: providerOf(endpoint.tag) }}
            className="mt-2 inline-block text-accent underline"
          >
            {endpoint.provider_name} in Providers
          </Link>
        )}
      </Part>
    </>
  );
}

const share = (percent: number | null) => (percent === null ? null : percent / 100);
const count = (tokens: number | null) => (tokens === null ? UNKNOWN : quantity(tokens));

function attempts({ attempts_last_30m: made }: EndpointHealth): string {
  return `${whole(made.succeeded)} succeeded, ${whole(made.failed)} failed, ${whole(made.rate_limited)} rate-limited`;
}

function percentiles(
  values: Endpoint["latency_last_30m"],
  write: (value: number) => string,
): string {
  if (!values) return `${UNKNOWN}, too few calls`;
  return `p50 ${write(values.p50)} · p90 ${write(values.p90)} · p99 ${write(values.p99)}`;
}

function link(label: string, url: string | null | undefined): Fact | null {
  if (!url) return null;
  return [
    label,
    <a
      key="link"
      href={url}
      target="_blank"
      rel="noreferrer"
      className="break-all text-accent underline"
    >
      {url.replace(/^https?:\/\//, "")}
    </a>,
  ];
}

/** All prices, in the order that people look for them, then those of longer prompts. */
function priceFacts(pricing: Pricing): (Fact | null)[] {
  const { overrides = [], ...plain } = pricing;
  const steps = overrides.flatMap(({ min_prompt_tokens: from, utc_start, utc_end, ...prices }) =>
    listed(
      prices,
      from ? `from ${contextText(from)}` : utc_start ? `${utc_start} to ${utc_end} UTC` : "",
    ),
  );
  const facts = [...listed(plain, ""), ...steps];
  return facts.length > 0 ? facts : [["Price", "Not known"]];
}

function listed(prices: Record<string, unknown>, when: string): Fact[] {
  const at = (name: string) => PRICE_ORDER.indexOf(name) + 1 || PRICE_ORDER.length + 1;
  return Object.entries(prices)
    .filter((entry): entry is [string, string] => typeof entry[1] === "string")
    .sort(([one], [other]) => at(one) - at(other))
    .map(([name, price]) => {
      const { label, unit, tokens } = priceUnit(name);
      return [
        when === "" ? label : `${label} ${when}`,
        `${tokens ? perMillion(price) : exact(price)} ${unit}`,
      ];
    });
}

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EndpointHealth } from "~/api/health";
import { CopyField } from "~/components/CopyField";
import { type Fact, Facts } from "~/components/Facts";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { duration, percent, speed, UNKNOWN, uptime, whole } from "~/format";
import type { Judged } from "./matrix";

export interface EndpointSheetProps {
  endpoint: Judged | null;
  onClose: () => void;
}

/** What the gateway has learned of one endpoint. */
export function EndpointSheet({ endpoint, onClose }: EndpointSheetProps) {
  return (
    <Sheet
      open={endpoint !== null}
      onClose={onClose}
      title={endpoint ? endpoint.health.model_id : ""}
      subtitle={endpoint && `at ${endpoint.health.provider_name}`}
    >
      {endpoint && <Details endpoint={endpoint} />}
    </Sheet>
  );
}

function Part({ title, facts, more }: { title: string; facts: Fact[]; more?: ReactNode }) {
  return (
    <section className="mt-6 first:mt-0">
      <h3 className="mb-2 font-semibold">{title}</h3>
      <Facts facts={facts} />
      {more}
    </section>
  );
}

const CIRCUITS = {
  closed: "Closed: calls go there",
  open: "Open: no calls go there",
  half_open: "Half open: one call may try it",
};

function Details({ endpoint: { health, state, slug } }: { endpoint: Judged }) {
  const { attempts_last_30m: made, tool_calls_last_2h: tools } = health;
  const failures = Object.entries(health.failures_last_30m).sort(([, a], [, b]) => b - a);
  return (
    <>
      <Part
        title="Now"
        facts={[
          [
            "State",
            <Status key="state" tone={state.tone}>
              {state.words}
            </Status>,
          ],
          ["Circuit", CIRCUITS[health.circuit]],
          ["Under way", `${whole(health.in_flight)} call${health.in_flight === 1 ? "" : "s"}`],
          [
            "Left of its rate limit",
            health.requests_left === null
              ? `${UNKNOWN}, it doesn't say`
              : `${whole(health.requests_left)} requests`,
          ],
        ]}
      />
      <Part
        title="Uptime"
        facts={[
          ["5 minutes", uptimeOf(health.uptime_last_5m)],
          ["30 minutes", uptimeOf(health.uptime_last_30m)],
          ["1 day", uptimeOf(health.uptime_last_1d)],
        ]}
      />
      <Part
        title="Attempts in 30 minutes"
        facts={[
          ["Succeeded", whole(made.succeeded)],
          ["Failed", whole(made.failed)],
          ...failures.map(([fault, count]): Fact => [`· ${words(fault)}`, whole(count)]),
          ["Rate-limited", whole(made.rate_limited)],
          ["Ended by callers", whole(made.callers)],
        ]}
      />
      <Part
        title="Speed"
        facts={[
          ["First token, 5 min", spread(health.latency_last_5m, duration)],
          ["First token, 30 min", spread(health.latency_last_30m, duration)],
          ["Output, 5 min", spread(health.throughput_last_5m, perSecond)],
          ["Output, 30 min", spread(health.throughput_last_30m, perSecond)],
          ...(tools.succeeded + tools.failed > 0
            ? [["Tool calls that fit, 2 h", permitted(tools)] as Fact]
            : []),
        ]}
      />
      <Part
        title="About"
        facts={[
          [
            "Endpoint",
            <CopyField key="id" label="Endpoint" labelled={false} value={health.endpoint_id} />,
          ],
        ]}
        more={
          <p className="mt-3 flex flex-wrap gap-x-4 gap-y-1">
            <Link to={`/${health.model_id}`} className="text-accent underline">
              The model
            </Link>
            <Link
              to="/logs"
              search={{ model: health.model_id, provider: slug }}
              className="text-accent underline"
            >
              Its calls in Logs
            </Link>
          </p>
        }
      />
    </>
  );
}

const words = (fault: string) => fault.replaceAll("_", " ");
const perSecond = (tokens: number) => speed(tokens, 1000);

function uptimeOf(value: number | null): string {
  return value === null ? `${UNKNOWN}, too few calls` : uptime(value / 100);
}

function spread(
  values: EndpointHealth["latency_last_5m"],
  write: (value: number) => string,
): string {
  if (!values) return `${UNKNOWN}, too few calls`;
  return `p50 ${write(values.p50)} · p90 ${write(values.p90)} · p99 ${write(values.p99)}`;
}

function permitted(tools: EndpointHealth["tool_calls_last_2h"]): string {
  const of = `${whole(tools.succeeded)} of ${whole(tools.succeeded + tools.failed)}`;
  return tools.success === null ? of : `${of}, ${percent(tools.success)}`;
}

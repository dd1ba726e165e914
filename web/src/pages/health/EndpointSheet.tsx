import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EndpointHistory, EndpointsHistory } from "~/api/endpoint-history";
import type { EndpointHealth } from "~/api/health";
import { providerOf } from "~/api/model-names";
import { CopyField } from "~/components/CopyField";
import { type Fact, Facts } from "~/components/Facts";
import { byCount, failureWords } from "~/components/health/failure-words";
import { lengthWords } from "~/components/health/steps";
import { UptimeStrip } from "~/components/health/UptimeStrip";
import { Sheet } from "~/components/Sheet";
import { Status } from "~/components/Status";
import { duration, percent, speed, UNKNOWN, uptime, whole } from "~/format";
import { Incidents } from "./Incidents";
import { hasHistory, modelOf } from "./incidents";
import type { Judged } from "./matrix";

export interface EndpointSheetProps {
  /** The endpoint's, if one is open. */
  id: string | null;
  /** How it is now: unknown of one that nobody called in the last day, or that is no longer configured. */
  endpoint: Judged | undefined;
  /** Of all endpoints. */
  history: EndpointsHistory | undefined;
  onClose: () => void;
}

/** What the gateways have learned of one endpoint. */
export function EndpointSheet({ id, endpoint, history, onClose }: EndpointSheetProps) {
  const did = history?.endpoints.find((one) => one.endpoint_id === id);
  const known = endpoint?.health ?? did;
  return (
    <Sheet
      open={known !== undefined}
      onClose={onClose}
      title={known ? modelOf(known) : ""}
      subtitle={known && `at ${known.provider_name ?? providerOf(known.endpoint_id)}`}
    >
      {endpoint && <Now endpoint={endpoint} />}
      {history && known && <Over history={history} id={known.endpoint_id} did={did} />}
      {endpoint && <Measured health={endpoint.health} />}
      {known && (
        <About
          id={known.endpoint_id}
          model={modelOf(known)}
          isConfigured={known.model_id !== null}
        />
      )}
    </Sheet>
  );
}

interface PartProps {
  title: string;
  facts?: Fact[];
  before?: ReactNode;
  more?: ReactNode;
}

function Part({ title, facts = [], before, more }: PartProps) {
  return (
    <section className="mt-6 first:mt-0">
      <h3 className="mb-2 font-semibold">{title}</h3>
      {before}
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

function Now({ endpoint: { health, state } }: { endpoint: Judged }) {
  return (
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
  );
}

interface OverProps {
  history: EndpointsHistory;
  id: string;
  did: EndpointHistory | undefined;
}

/** How it did in the range of the page. */
function Over({ history, id, did }: OverProps) {
  const title = `Last ${lengthWords(history.range)}`;
  if (!did) {
    return (
      <Part
        title={title}
        before={
          <p className="text-muted">
            {hasHistory(id)
              ? "Nobody called it in this time."
              : "Of endpoints that are called with own keys no history is kept."}
          </p>
        }
      />
    );
  }
  const incidents = history.incidents.filter((one) => one.endpoint_id === id);
  return (
    <>
      <Part
        title={title}
        before={
          <div className="mb-3">
            <UptimeStrip title="Uptime by time" span={history} steps={did.steps} />
          </div>
        }
        facts={[
          ["Uptime", uptimeOf(did.uptime)],
          ["Succeeded", whole(did.succeeded)],
          ["Failed", whole(did.failed)],
          ["Rate-limited", whole(did.rate_limited)],
          ["Ended by callers", whole(did.callers)],
        ]}
      />
      <section className="mt-6">
        <h3 className="mb-1 font-semibold">Incidents in {lengthWords(history.range)}</h3>
        <Incidents history={history} incidents={incidents} />
      </section>
    </>
  );
}

function Measured({ health }: { health: EndpointHealth }) {
  const { attempts_last_30m: made, tool_calls_last_2h: tools } = health;
  return (
    <>
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
          ...byCount(health.failures_last_30m).map(
            ([kind, count]): Fact => [`· ${failureWords(kind)}`, whole(count)],
          ),
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
    </>
  );
}

function About({ id, model, isConfigured }: { id: string; model: string; isConfigured: boolean }) {
  return (
    <Part
      title="About"
      facts={[["Endpoint", <CopyField key="id" label="Endpoint" labelled={false} value={id} />]]}
      more={
        <p className="mt-3 flex flex-wrap gap-x-4 gap-y-1">
          {isConfigured ? (
            <Link to={`/${model}`} className="text-accent underline">
              The model
            </Link>
          ) : (
            <span className="text-muted">It is no longer configured.</span>
          )}
          <Link
            to="/logs"
            search={{ model, provider: providerOf(id) }}
            className="text-accent underline"
          >
            Its calls in Logs
          </Link>
        </p>
      }
    />
  );
}

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

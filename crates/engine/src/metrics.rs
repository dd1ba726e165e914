//! What operators watch, for Prometheus.
//!
//! Labels are bounded: providers of the catalog and words of ours, never what a caller sends.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tollgate_catalog::EndpointId;
use tollgate_health::Percentiles;
use tollgate_limits::Limit;
use tollgate_types::{Timestamp, Usage, Usd};

use crate::Contents;
use crate::timing::Timing;
use crate::vitals::Vitals;

/// Counters of the pipeline.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    probes: Family<ProbeLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    cost_nanos: Counter,
    in_flight: Gauge,
    first_word: Histogram,
    phases: Phases,
    journal_bytes: Gauge,
    journal_records: Gauge,
    refusals: Family<LimitLabels, Counter>,
    cache: Family<CacheLabels, Counter>,
    endpoints: EndpointGauges,
}

/// Where the time of answered calls went.
#[derive(Debug)]
struct Phases {
    admission: Histogram,
    upstream: Histogram,
    answer: Histogram,
}

impl Phases {
    fn in_registry(registry: &mut Registry) -> Self {
        let phases =
            Family::<PhaseLabels, Histogram, fn() -> Histogram>::new_with_constructor(|| {
                Histogram::new(PHASE_BUCKETS)
            });
        let of = |phase| phases.get_or_create(&PhaseLabels { phase }).clone();
        let told = "Where the time of answered calls went, to the answer or its first word";
        registry.register("phase_seconds", told, phases.clone());
        Self { admission: of("admission"), upstream: of("upstream"), answer: of("answer") }
    }
}

/// How each endpoint that was called is doing.
#[derive(Debug, Default)]
struct EndpointGauges {
    status: Family<EndpointLabels, Gauge>,
    in_flight: Family<EndpointLabels, Gauge>,
    uptime: Family<UptimeLabels, Gauge<f64, AtomicU64>>,
    first_token: Family<QuantileLabels, Gauge<f64, AtomicU64>>,
    throughput: Family<QuantileLabels, Gauge<f64, AtomicU64>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UptimeLabels {
    endpoint: String,
    window: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuantileLabels {
    endpoint: String,
    quantile: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    provider: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: String,
    fault: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProbeLabels {
    endpoint: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabels {
    phase: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    scope: &'static str,
    measure: &'static str,
    window: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    status: &'static str,
}

/// From what a call costs us to what a provider takes, in seconds.
const PHASE_BUCKETS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    15.0, 60.0,
];

/// From a cached answer to a model that thinks first, in seconds.
const FIRST_WORD_BUCKETS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("tollgate");
        let calls = Family::<CallLabels, Counter<u64, AtomicU64>>::default();
        let attempts = Family::<AttemptLabels, Counter>::default();
        let probes = Family::<ProbeLabels, Counter>::default();
        let tokens = Family::<TokenLabels, Counter>::default();
        let cost_nanos = Counter::default();
        let in_flight = Gauge::default();
        let first_word = Histogram::new(FIRST_WORD_BUCKETS);
        let phases = Phases::in_registry(&mut registry);
        registry.register("calls", "Calls by provider and outcome", calls.clone());
        registry.register("attempts", "Attempts by provider and fault", attempts.clone());
        registry.register("probes", "Endpoints asked whether they are well again", probes.clone());
        registry.register("tokens", "Tokens by direction", tokens.clone());
        registry.register("cost_nano_usd", "Cost charged, in nano-dollars", cost_nanos.clone());
        registry.register("calls_in_flight", "Calls not settled yet", in_flight.clone());
        registry.register(
            "first_word_seconds",
            "Time from admission to the first word",
            first_word.clone(),
        );
        let journal_bytes = Gauge::default();
        let journal_records = Gauge::default();
        registry.register(
            "journal_bytes",
            "Length of the journal of records",
            journal_bytes.clone(),
        );
        registry.register(
            "journal_records",
            "Records in the journal that the store does not have yet",
            journal_records.clone(),
        );
        let refusals = Family::<LimitLabels, Counter>::default();
        registry.register("limit_refusals", "Calls that a limit refused", refusals.clone());
        let cache = Family::<CacheLabels, Counter>::default();
        registry.register("cache", "Calls that asked for a kept answer", cache.clone());
        let endpoints = EndpointGauges::registered(&mut registry);
        Self {
            registry,
            calls,
            attempts,
            probes,
            tokens,
            cost_nanos,
            in_flight,
            first_word,
            phases,
            journal_bytes,
            journal_records,
            refusals,
            cache,
            endpoints,
        }
    }
}

impl EndpointGauges {
    fn registered(registry: &mut Registry) -> Self {
        let it = Self::default();
        let name = |name: &str| format!("endpoint_{name}");
        registry.register(
            name("status"),
            "How it is doing: 0 is well, lower is worse",
            it.status.clone(),
        );
        registry.register(name("in_flight"), "Attempts under way", it.in_flight.clone());
        registry.register(
            name("uptime_percent"),
            "Percent of attempts that succeeded",
            it.uptime.clone(),
        );
        registry.register(
            name("first_token_seconds"),
            "Time to the first token over 5 minutes",
            it.first_token.clone(),
        );
        registry.register(
            name("tokens_per_second"),
            "Throughput over 5 minutes",
            it.throughput.clone(),
        );
        it
    }

    fn show(&self, vitals: &Vitals, now: Timestamp) {
        for (id, report) in vitals.reports(now) {
            let endpoint = || id.as_str().to_owned();
            let standing = report.standing;
            let labels = EndpointLabels { endpoint: endpoint() };
            self.status.get_or_create(&labels).set(report.status.into());
            self.in_flight.get_or_create(&labels).set(standing.in_flight.into());
            let uptimes =
                [("5m", report.uptime_5m), ("30m", report.uptime_30m), ("1d", report.uptime_1d)];
            for (window, uptime) in uptimes {
                let labels = UptimeLabels { endpoint: endpoint(), window };
                if let Some(uptime) = uptime {
                    self.uptime.get_or_create(&labels).set(uptime);
                } else {
                    self.uptime.remove(&labels);
                }
            }
            let seconds = standing.first_token_ms.map(|it| quantiles(&it, 1_000.0));
            show_quantiles(&self.first_token, id, seconds);
            let throughput = standing.tokens_per_second.map(|it| quantiles(&it, 1.0));
            show_quantiles(&self.throughput, id, throughput);
        }
    }
}

const QUANTILES: [&str; 4] = ["0.5", "0.75", "0.9", "0.99"];

fn quantiles(measured: &Percentiles, unit: f64) -> [f64; 4] {
    [measured.p50, measured.p75, measured.p90, measured.p99].map(|it| it / unit)
}

/// What was not measured of late is not shown.
fn show_quantiles(
    family: &Family<QuantileLabels, Gauge<f64, AtomicU64>>,
    endpoint: &EndpointId,
    values: Option<[f64; 4]>,
) {
    for (at, quantile) in QUANTILES.into_iter().enumerate() {
        let labels = QuantileLabels { endpoint: endpoint.as_str().to_owned(), quantile };
        match values.as_ref().and_then(|values| values.get(at)) {
            Some(value) => {
                family.get_or_create(&labels).set(*value);
            }
            None => {
                family.remove(&labels);
            }
        }
    }
}

/// Calls under way of which some may be at the same point.
const COMPANY: i64 = 4;

impl Metrics {
    /// Counters of a pipeline that keeps what is said in `contents`.
    pub(crate) fn watching(contents: &Contents) -> Self {
        let mut metrics = Self::default();
        let help = "Calls whose words were to be kept and were not";
        metrics.registry.register("contents_lost", help, contents.lost().clone());
        metrics
    }

    /// Everything in the Prometheus text format.
    pub fn render(&self, vitals: &Vitals, now: Timestamp) -> String {
        self.endpoints.show(vitals, now);
        let mut text = String::new();
        // Writing to a String can't fail.
        encode(&mut text, &self.registry).unwrap_or_default();
        text
    }

    /// Notes how long the journal is, in bytes, and how many of its records the store does not have
    /// yet.
    pub fn journal_is(&self, bytes: u64, records: u64) {
        self.journal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.journal_records.set(i64::try_from(records).unwrap_or(i64::MAX));
    }

    pub(crate) fn admitted(&self) {
        self.in_flight.inc();
    }

    /// Whether so many calls are under way that some may be at the same point.
    pub(crate) fn has_company(&self) -> bool {
        self.in_flight.get() >= COMPANY
    }

    /// Counts an attempt; `none` is the fault of one that spoke.
    pub(crate) fn attempted(&self, provider: &str, fault: Option<&'static str>) {
        let labels =
            AttemptLabels { provider: provider.to_owned(), fault: fault.unwrap_or("none") };
        self.attempts.get_or_create(&labels).inc();
    }

    /// Counts an endpoint that was asked whether it is well again.
    pub(crate) fn probed(&self, endpoint: &EndpointId, outcome: &'static str) {
        let labels = ProbeLabels { endpoint: endpoint.as_str().to_owned(), outcome };
        self.probes.get_or_create(&labels).inc();
    }

    /// Counts a call that a limit refused.
    pub(crate) fn limited(&self, limit: &Limit) {
        let labels = LimitLabels {
            scope: limit.scope.as_str(),
            measure: limit.measure.as_str(),
            window: limit.window.as_str(),
        };
        self.refusals.get_or_create(&labels).inc();
    }

    /// Counts a call that asked for an answer that was told before.
    pub(crate) fn looked_up(&self, is_found: bool) {
        let status = if is_found { "hit" } else { "miss" };
        self.cache.get_or_create(&CacheLabels { status }).inc();
    }

    pub(crate) fn spoke_after(&self, seconds: f64) {
        self.first_word.observe(seconds);
    }

    /// Where the time of a call went that was answered.
    pub(crate) fn took(&self, timing: &Timing) {
        self.phases.admission.observe(timing.admission.as_secs_f64());
        self.phases.upstream.observe(timing.upstream.as_secs_f64());
        self.phases.answer.observe(timing.answer.as_secs_f64());
    }

    pub(crate) fn settled(
        &self,
        provider: Option<&str>,
        outcome: &'static str,
        usage: &Usage,
        cost: Usd,
    ) {
        self.in_flight.dec();
        let provider = provider.unwrap_or("none").to_owned();
        self.calls.get_or_create(&CallLabels { provider, outcome }).inc();
        let count = |direction, tokens| {
            self.tokens.get_or_create(&TokenLabels { direction }).inc_by(tokens);
        };
        count("prompt", usage.prompt_tokens);
        count("completion", usage.completion_tokens);
        self.cost_nanos.inc_by(u64::try_from(cost.nanos()).unwrap_or(0));
    }
}

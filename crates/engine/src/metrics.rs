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
use tollgate_types::{Usage, Usd};

/// Counters of the pipeline.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    cost_nanos: Counter,
    in_flight: Gauge,
    first_word: Histogram,
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
struct TokenLabels {
    direction: &'static str,
}

/// From a cached answer to a model that thinks first, in seconds.
const FIRST_WORD_BUCKETS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("tollgate");
        let calls = Family::<CallLabels, Counter<u64, AtomicU64>>::default();
        let attempts = Family::<AttemptLabels, Counter>::default();
        let tokens = Family::<TokenLabels, Counter>::default();
        let cost_nanos = Counter::default();
        let in_flight = Gauge::default();
        let first_word = Histogram::new(FIRST_WORD_BUCKETS);
        registry.register("calls", "Calls by provider and outcome", calls.clone());
        registry.register("attempts", "Attempts by provider and fault", attempts.clone());
        registry.register("tokens", "Tokens by direction", tokens.clone());
        registry.register("cost_nano_usd", "Cost charged, in nano-dollars", cost_nanos.clone());
        registry.register("calls_in_flight", "Calls not settled yet", in_flight.clone());
        registry.register(
            "first_word_seconds",
            "Time from admission to the first word",
            first_word.clone(),
        );
        Self { registry, calls, attempts, tokens, cost_nanos, in_flight, first_word }
    }
}

impl Metrics {
    /// Everything in the Prometheus text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String can't fail.
        encode(&mut text, &self.registry).unwrap_or_default();
        text
    }

    pub(crate) fn admitted(&self) {
        self.in_flight.inc();
    }

    /// Counts an attempt; `none` is the fault of one that spoke.
    pub(crate) fn attempted(&self, provider: &str, fault: Option<&'static str>) {
        let labels =
            AttemptLabels { provider: provider.to_owned(), fault: fault.unwrap_or("none") };
        self.attempts.get_or_create(&labels).inc();
    }

    pub(crate) fn spoke_after(&self, seconds: f64) {
        self.first_word.observe(seconds);
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

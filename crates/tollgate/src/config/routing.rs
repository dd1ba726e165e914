//! `[routing]`: how calls are routed whose request does not say.

use std::time::Duration;

use serde::Deserialize;
use tollgate_engine::{EngineConfig, RetryPolicy, Sort};

use super::Problems;

/// `[routing]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RoutingSection {
    /// What endpoints are sorted by; balanced by price when absent.
    sort: Option<SortName>,
    /// Whether a second endpoint is started when the first is slower than it usually is.
    hedge: bool,
    /// How often a call that no endpoint would serve is tried again.
    retry_rounds: u32,
    /// The first pause before that; each further one is twice as long.
    retry_pause_ms: u64,
    /// The longest pause, and the longest `Retry-After` that is waited for.
    retry_pause_max_ms: u64,
    /// How often endpoints that fail are asked whether they are well again; 0 never.
    probe_interval_ms: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SortName {
    Price,
    Throughput,
    Latency,
    Exacto,
}

impl Default for RoutingSection {
    fn default() -> Self {
        let retry = RetryPolicy::default();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            sort: None,
            hedge: false,
            retry_rounds: retry.rounds_max,
            retry_pause_ms: millis(retry.pause),
            retry_pause_max_ms: millis(retry.pause_max),
            probe_interval_ms: 0,
        }
    }
}

/// More rounds than these are a loop.
const ROUNDS_MAX: u32 = 10;
/// Asking more often than this is a load.
const PROBE_INTERVAL_MS_MIN: u64 = 100;

impl RoutingSection {
    /// Each by its path, as a person reads it.
    pub(super) fn settings(&self) -> [(&'static str, String); 6] {
        let sort = self.sort().map_or("balanced", Sort::as_str);
        [
            ("routing.sort", sort.to_owned()),
            ("routing.hedge", self.hedge.to_string()),
            ("routing.retry_rounds", self.retry_rounds.to_string()),
            ("routing.retry_pause_ms", self.retry_pause_ms.to_string()),
            ("routing.retry_pause_max_ms", self.retry_pause_max_ms.to_string()),
            ("routing.probe_interval_ms", self.probe_interval_ms.to_string()),
        ]
    }

    /// Puts it into the pipeline's settings.
    pub(super) fn apply(&self, engine: &mut EngineConfig, problems: &mut Problems) {
        if self.retry_rounds > ROUNDS_MAX {
            problems.add(format!("routing.retry_rounds: must be at most {ROUNDS_MAX}"));
        }
        if self.retry_pause_ms == 0 || self.retry_pause_max_ms < self.retry_pause_ms {
            problems.add(
                "routing.retry_pause_ms: must be more than 0 and at most retry_pause_max_ms"
                    .to_owned(),
            );
        }
        let probe_interval_ms = self.probe_interval_ms;
        if (1..PROBE_INTERVAL_MS_MIN).contains(&probe_interval_ms) {
            problems.add(format!(
                "routing.probe_interval_ms: must be 0 or at least {PROBE_INTERVAL_MS_MIN}"
            ));
        }
        engine.probe_interval =
            (probe_interval_ms > 0).then(|| Duration::from_millis(probe_interval_ms));
        engine.sort = self.sort();
        engine.hedge = self.hedge;
        engine.retry = RetryPolicy {
            rounds_max: self.retry_rounds.min(ROUNDS_MAX),
            pause: Duration::from_millis(self.retry_pause_ms.max(1)),
            pause_max: Duration::from_millis(self.retry_pause_max_ms.max(1)),
        };
    }

    fn sort(&self) -> Option<Sort> {
        self.sort.map(|name| match name {
            SortName::Price => Sort::Price,
            SortName::Throughput => Sort::Throughput,
            SortName::Latency => Sort::Latency,
            SortName::Exacto => Sort::Exacto,
        })
    }
}

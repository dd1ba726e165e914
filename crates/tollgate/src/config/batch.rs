//! `[batch]`: what batches cost, and how large they may be.

use serde::Deserialize;
use tollgate_engine::BatchConfig;
use tollgate_ledger::PlatformFee;

use super::Problems;

/// How batches are answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BatchSection {
    /// What of an answer's price is not charged.
    discount_percent: String,
    /// Most requests of batches under way at once at this gateway.
    concurrency: usize,
    /// Most requests of one batch.
    requests_max: u32,
    /// Most bytes of one batch.
    bytes_max: u64,
    /// Most bytes of one request.
    request_bytes_max: usize,
}

impl Default for BatchSection {
    fn default() -> Self {
        let usual = BatchConfig::default();
        Self {
            // The contract's (§1.1).
            discount_percent: "50".to_owned(),
            concurrency: usual.concurrency,
            requests_max: usual.requests_max,
            bytes_max: usual.bytes_max,
            request_bytes_max: usual.request_bytes_max,
        }
    }
}

/// More at once are a slip of the hand.
const CONCURRENCY_MAX: usize = 1_000;

impl BatchSection {
    /// The settings as they are shown.
    pub(super) fn settings(&self) -> [(&'static str, String); 5] {
        [
            ("batch.discount_percent", self.discount_percent.clone()),
            ("batch.concurrency", self.concurrency.to_string()),
            ("batch.requests_max", self.requests_max.to_string()),
            ("batch.bytes_max", self.bytes_max.to_string()),
            ("batch.request_bytes_max", self.request_bytes_max.to_string()),
        ]
    }

    /// The settings as they are worked with.
    pub(super) fn check(&self, problems: &mut Problems) -> BatchConfig {
        let usual = BatchConfig::default();
        let discount = match PlatformFee::percent(&self.discount_percent) {
            Ok(millionths) => millionths,
            Err(error) => {
                problems.add(format!("batch.discount_percent: {error}"));
                usual.discount
            }
        };
        if !(1..=CONCURRENCY_MAX).contains(&self.concurrency) {
            problems.add(format!("batch.concurrency: must be 1 to {CONCURRENCY_MAX}"));
        }
        for (name, is_none) in [
            ("batch.requests_max", self.requests_max == 0),
            ("batch.bytes_max", self.bytes_max == 0),
            ("batch.request_bytes_max", self.request_bytes_max == 0),
        ] {
            if is_none {
                problems.add(format!("{name}: must be more than 0"));
            }
        }
        BatchConfig {
            discount,
            concurrency: self.concurrency.clamp(1, CONCURRENCY_MAX),
            requests_max: self.requests_max,
            bytes_max: self.bytes_max,
            request_bytes_max: self.request_bytes_max,
            ..usual
        }
    }
}

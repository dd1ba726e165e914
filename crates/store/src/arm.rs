//! What came of the arms of experiments.

use std::sync::Arc;

use tollgate_types::Usd;

/// The calls of one arm of one experiment, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmResult {
    /// The rule with the split.
    pub experiment: Arc<str>,
    /// The arm's name.
    pub arm: Arc<str>,
    /// How many calls it had.
    pub calls: u64,
    /// How many of them ended with an error.
    pub failed: u64,
    /// How much callers said of them afterwards: the contract's categories are complaints.
    pub feedback: u64,
    /// What all of them cost.
    pub cost: Usd,
    /// What all of them wrote, in tokens.
    pub completion_tokens: u64,
    /// The mean time to the first token, in milliseconds, of those that had one.
    pub latency_ms: Option<u64>,
    /// The mean time to the end, in milliseconds.
    pub generation_time_ms: Option<u64>,
}

//! Why a call went where it went: the plan, as it was decided.

use std::borrow::Cow;
use std::sync::Arc;

/// The plan of a call: enough to say why, and to decide again.
///
/// Words are those of the planner; they are for people, and programs may compare them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutingRecord {
    /// What the draw depended on.
    pub seed: u64,
    /// What endpoints were sorted by: `balanced`, `price`, `throughput`, `latency` or `exacto`.
    pub sort: Cow<'static, str>,
    /// Every endpoint of every model asked for: those to be tried, in order, then those left out.
    pub candidates: Vec<CandidateRecord>,
}

/// One endpoint, as it looked when the call was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateRecord {
    /// The endpoint's id.
    pub endpoint: Arc<str>,
    /// Why it stood where it did: `sticky`, `ordered`, `drawn`, `sorted` or `price`; `dropped` for
    /// one that was left out.
    pub place: Cow<'static, str>,
    /// Why it stood behind others or was left out, as a phrase that follows "it".
    pub reason: Option<Cow<'static, str>>,
    /// About what the call would have cost there, in pico-dollars.
    pub price_picos: Option<u64>,
    /// The chance that it had in a draw that fell on it, in millionths.
    pub chance_millionths: Option<u32>,
    /// Its median time to the first token, in milliseconds.
    pub first_token_ms: Option<u32>,
    /// Its median throughput, in tokens per second.
    pub tokens_per_second: Option<u32>,
}

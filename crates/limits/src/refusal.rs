//! Why a call may not begin, and what a caller is told.

use std::sync::Arc;
use std::time::Duration;

use tollgate_types::Timestamp;

use crate::Limit;
use crate::measure::shown;

/// When a refused call may pass. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relief {
    /// When calls end that are running now. Nobody knows when that is, but it is worth coming back.
    WhenCallsEnd,
    /// At this instant, if nobody else comes first.
    At(Timestamp),
    /// Waiting can't help: the call needs more than there ever is, or what is used up never comes
    /// back.
    Never,
}

/// The limit that refused a call; of several, the one that would longest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{limit}, {} used, {} needed", shown(limit.measure, *.used), shown(limit.measure, *.need))]
pub struct Refusal {
    /// The limit.
    pub limit: Limit,
    /// Whose.
    pub id: Arc<str>,
    /// What counts of it now, in the measure's unit.
    pub used: u64,
    /// What the call would have taken.
    pub need: u64,
    /// When it may pass.
    pub relief: Relief,
    /// When all that counts now has passed. `None` when nothing passes by itself.
    pub resets_at: Option<Timestamp>,
}

/// What `X-RateLimit-Limit`, `-Remaining` and `-Reset` say of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How much there is.
    pub limit: u64,
    /// How much of it is left, which was too little.
    pub remaining: u64,
    /// When there is enough; in epoch milliseconds, as the header has it.
    pub reset: Option<i64>,
}

/// How long callers are asked to wait for running calls to end.
const CALLS_END: Duration = Duration::from_secs(1);

impl Refusal {
    /// How long to wait before the call is worth sending again; `None` when it never is.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self.relief {
            Relief::WhenCallsEnd => Some(CALLS_END),
            Relief::At(at) => {
                Some(Duration::from_millis(u64::try_from(at.millis_since(now)).unwrap_or(0)))
            }
            Relief::Never => None,
        }
    }

    /// Whether waiting can help at all.
    pub const fn passes(&self) -> bool {
        !matches!(self.relief, Relief::Never)
    }

    /// What the headers say: the instant at which this call may pass, else the one at which all has
    /// passed. `None` for budgets, which are no rates.
    pub const fn rate_limit(&self) -> Option<RateLimit> {
        if self.limit.measure.is_money() {
            return None;
        }
        let reset = match (self.relief, self.resets_at) {
            (Relief::At(at), _) | (_, Some(at)) => Some(at.unix_millis()),
            (Relief::WhenCallsEnd | Relief::Never, None) => None,
        };
        let remaining = self.limit.amount.saturating_sub(self.used);
        Some(RateLimit { limit: self.limit.amount, remaining, reset })
    }
}

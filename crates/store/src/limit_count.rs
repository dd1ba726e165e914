//! What limits have counted, so that a restart does not forget a day's count.

use async_trait::async_trait;
use tollgate_limits::Entry;
use tollgate_types::Timestamp;

use crate::StoreError;

/// Keeps what limits have counted in days, weeks, months and ever.
///
/// Writes are cancel safe and idempotent: a count replaces the one that was kept of the same
/// counter.
#[async_trait]
pub trait LimitCountStore: Send + Sync {
    /// Keeps counts, each in the place of what was kept of its counter, and forgets those of windows
    /// that have ended by `now`. What running calls hold is not kept.
    async fn keep(&self, counts: Vec<Entry>, now: Timestamp) -> Result<(), StoreError>;

    /// Every count that is kept, of whatever window, by scope, id, measure and window.
    async fn counts(&self) -> Result<Vec<Entry>, StoreError>;
}

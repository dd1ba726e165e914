//! What limits have counted: so that a restart does not forget a day's count, and so that nodes on
//! one store hold each other's limits.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_types::Timestamp;

use crate::StoreError;

/// Keeps what limits have counted, for each node apart.
///
/// Writes are cancel safe and idempotent: a count replaces the one that the same node told of the
/// same counter.
#[async_trait]
pub trait LimitCountStore: Send + Sync {
    /// Keeps what a node counts, each count in the place of what it told of that counter before, and
    /// forgets those of windows that have ended by `now`, whoever told them.
    async fn keep(
        &self,
        node: &NodeId,
        counts: Vec<Entry>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// What a node told last, of whatever window, by scope, id, measure and window.
    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError>;

    /// What all other nodes have told of the counters that one of them has told of since `since`,
    /// added up with [`summed`].
    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Entry>, StoreError>;
}

/// How long it is believed that a node has in flight, and used in this minute, what it told last.
pub const BELIEVED_MILLIS: i64 = 60_000;

/// Adds up what several nodes told, by counter and window. What is in flight, or of a minute, and
/// was told longer ago than [`BELIEVED_MILLIS`] is nothing: its node may be gone.
pub fn summed(told: impl IntoIterator<Item = (Entry, Timestamp)>, now: Timestamp) -> Vec<Entry> {
    type Counter = (Scope, String, Measure, Window, Option<i64>);
    let mut sums: BTreeMap<Counter, (u64, u64)> = BTreeMap::new();
    for (entry, told_at) in told {
        let is_fresh = now.millis_since(told_at) <= BELIEVED_MILLIS;
        let used = if is_fresh || entry.window.lasts() { entry.used } else { 0 };
        let held = if is_fresh { entry.held } else { 0 };
        let Entry { scope, id, measure, window, starts_day, .. } = entry;
        let sum = sums.entry((scope, id, measure, window, starts_day)).or_default();
        *sum = (sum.0.saturating_add(used), sum.1.saturating_add(held));
    }
    let entry = |((scope, id, measure, window, starts_day), (used, held))| Entry {
        scope,
        id,
        measure,
        window,
        starts_day,
        used,
        held,
    };
    sums.into_iter().map(entry).collect()
}

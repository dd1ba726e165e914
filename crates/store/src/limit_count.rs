//! What limits have counted: so that a restart does not forget a day's count, and so that nodes on
//! one store hold each other's limits.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_types::Timestamp;

use crate::StoreError;

/// Keeps what limits have counted, for each node apart.
///
/// Writes are cancel safe and idempotent: a count replaces the one that the same node told of the
/// same counter. When something was told, and what was told since, is the store's to say: clocks of
/// nodes differ, and a write may wait for long.
#[async_trait]
pub trait LimitCountStore: Send + Sync {
    /// Keeps what a node counts, each count in the place of what it told of that counter before.
    async fn keep(&self, node: &NodeId, counts: Vec<Entry>) -> Result<(), StoreError>;

    /// Forgets what a node told of windows that have ended by `now`, and what others told of those
    /// that had ended a day before: each clears up behind itself, unless it is gone.
    async fn forget_ended(&self, node: &NodeId, now: Timestamp) -> Result<(), StoreError>;

    /// What a node told last, of whatever window, by scope, id, measure and window.
    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError>;

    /// What all other nodes have told of the counters that one of them has told of `since`, added up
    /// with [`summed`]. What is in flight, or of a minute, and was told longer ago than
    /// [`BELIEVED`] or the shorter `believed` is nothing: its node may be gone.
    ///
    /// Asked again with what the answer says was heard, nothing is missed, and something may be told
    /// twice.
    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Heard,
        believed: Duration,
    ) -> Result<News, StoreError>;
}

/// How long it is believed that a node has in flight, and used in this minute, what it told last.
pub const BELIEVED: Duration = Duration::from_mins(1);

/// How far a node has heard what others told; the default is that it has heard nothing. Means
/// something to the store it comes from only, and is compared by nobody else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard(u64);

/// What others told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// By counter and window.
    pub counts: Vec<Entry>,
    /// How far this goes.
    pub heard: Heard,
}

/// What one node told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it counted.
    pub entry: Entry,
    /// Whether it was told so lately that its node is believed to be there.
    pub is_fresh: bool,
}

impl Heard {
    /// As far as a place in the store's order.
    pub const fn to(place: u64) -> Self {
        Self(place)
    }

    /// The place.
    pub const fn place(self) -> u64 {
        self.0
    }
}

/// Adds up what several nodes told, by counter and window. What is in flight, or of a minute, and
/// is not fresh is nothing.
pub fn summed(told: impl IntoIterator<Item = Told>) -> Vec<Entry> {
    type Counter = (Scope, String, Measure, Window, Option<i64>);
    let mut sums: BTreeMap<Counter, (u64, u64)> = BTreeMap::new();
    for Told { entry, is_fresh } in told {
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

/// Counts in the order of their counters, the last one of each.
pub fn by_counter(counts: Vec<Entry>) -> Vec<Entry> {
    type Counter = (Scope, String, Measure, Window);
    let counter =
        |it: Entry| -> (Counter, Entry) { ((it.scope, it.id.clone(), it.measure, it.window), it) };
    counts.into_iter().map(counter).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// The age in milliseconds up to which something is fresh.
pub fn believed_millis(believed: Duration) -> i64 {
    i64::try_from(believed.min(BELIEVED).as_millis()).unwrap_or(i64::MAX)
}

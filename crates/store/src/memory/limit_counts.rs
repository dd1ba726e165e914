//! What limits have counted, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_types::Timestamp;

use super::MemoryStore;
use crate::limit_count::{believed_millis, by_counter, summed};
use crate::{Heard, LimitCountStore, News, StoreError, Told};

/// A counter.
type Place = (Scope, String, Measure, Window);

/// What a node counted, when it told so, and in which turn.
#[derive(Debug)]
struct Count {
    entry: Entry,
    told_at: Instant,
    told_in: u64,
}

/// What all nodes have told.
#[derive(Debug, Default)]
pub(super) struct LimitCounts {
    /// By node and counter.
    counts: BTreeMap<(String, Place), Count>,
    turns: u64,
}

/// As long after their end others' windows are forgotten.
const DAY_MILLIS: i64 = 86_400_000;

#[async_trait]
impl LimitCountStore for MemoryStore {
    async fn keep(&self, node: &NodeId, counts: Vec<Entry>) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let LimitCounts { counts: known, turns } = &mut state.limit_counts;
        *turns = turns.saturating_add(1);
        for entry in counts {
            let place = (node.as_str().to_owned(), place(&entry));
            known.insert(place, Count { entry, told_at: clock(), told_in: *turns });
        }
        Ok(())
    }

    async fn forget_ended(&self, node: &NodeId, now: Timestamp) -> Result<(), StoreError> {
        let of_others = now.plus_millis(DAY_MILLIS.saturating_neg());
        self.state()?.limit_counts.counts.retain(|(teller, _), it| {
            !it.entry.has_ended(if teller == node.as_str() { now } else { of_others })
        });
        Ok(())
    }

    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError> {
        let state = self.state()?;
        let own = state.limit_counts.counts.iter();
        let own = own.filter(|((teller, _), _)| teller == node.as_str());
        Ok(by_counter(own.map(|(_, it)| it.entry.clone()).collect()))
    }

    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Heard,
        believed: Duration,
    ) -> Result<News, StoreError> {
        let state = self.state()?;
        let all = &state.limit_counts.counts;
        let others = || all.iter().filter(|((teller, _), _)| teller != node.as_str());
        let news = others().filter(|(_, it)| it.told_in > since.place());
        let news: BTreeSet<&Place> = news.map(|((_, place), _)| place).collect();
        let believed = u128::try_from(believed_millis(believed)).unwrap_or_default();
        let told = others().filter(|((_, place), _)| news.contains(place)).map(|(_, it)| Told {
            entry: it.entry.clone(),
            is_fresh: clock().saturating_duration_since(it.told_at).as_millis() <= believed,
        });
        Ok(News { counts: summed(told), heard: Heard::to(state.limit_counts.turns) })
    }
}

#[expect(clippy::disallowed_methods, reason = "how long ago it was, and not what time it is")]
fn clock() -> Instant {
    Instant::now()
}

fn place(entry: &Entry) -> Place {
    (entry.scope, entry.id.clone(), entry.measure, entry.window)
}

//! What limits have counted, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_types::Timestamp;

use super::MemoryStore;
use crate::limit_count::summed;
use crate::{LimitCountStore, StoreError};

/// A counter.
pub(super) type Place = (Scope, String, Measure, Window);

#[async_trait]
impl LimitCountStore for MemoryStore {
    async fn keep(
        &self,
        node: &NodeId,
        counts: Vec<Entry>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.state()?;
        for count in counts {
            let place = (node.as_str().to_owned(), place(&count));
            state.limit_counts.insert(place, (count, now));
        }
        state.limit_counts.retain(|_, (count, _)| !count.has_ended(now));
        Ok(())
    }

    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError> {
        let state = self.state()?;
        let own = state.limit_counts.iter().filter(|((teller, _), _)| teller == node.as_str());
        Ok(own.map(|(_, (entry, _))| entry.clone()).collect())
    }

    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let state = self.state()?;
        let others =
            || state.limit_counts.iter().filter(|((teller, _), _)| teller != node.as_str());
        let news: BTreeSet<&Place> =
            others().filter(|(_, (_, at))| *at >= since).map(|((_, place), _)| place).collect();
        let told = others().filter(|((_, place), _)| news.contains(place));
        Ok(summed(told.map(|(_, told)| told.clone()), now))
    }
}

fn place(entry: &Entry) -> Place {
    (entry.scope, entry.id.clone(), entry.measure, entry.window)
}

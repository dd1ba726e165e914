//! What nodes may let keys and workspaces spend, in memory.

use std::collections::BTreeMap;
use std::time::Instant;

use async_trait::async_trait;
use tollgate_ledger::NodeId;
use tollgate_types::{Usd, UtcDay};

use super::{MemoryStore, State};
use crate::{AllotmentRequest, AllotmentStore, Allotted, DayUsage, Spender, StoreError, Whose};

/// What each node has, and when it said so.
pub(super) type Allotments = BTreeMap<(Spender, String), (Usd, Instant)>;

#[async_trait]
impl AllotmentStore for MemoryStore {
    async fn allot(&self, request: AllotmentRequest) -> Result<Allotted, StoreError> {
        let mut state = self.state()?;
        let spent = request.caps.iter().map(|cap| state.spent(&request.spender.whose, cap.since));
        let spent: Vec<DayUsage> = spent.collect();
        let elsewhere = state.elsewhere(&request);
        let allotted = request.decide(&spent, elsewhere);
        if let Some(more) = allotted.more {
            state.note(&request.node, request.spender, request.has.saturating_add(more));
        }
        Ok(allotted)
    }

    async fn has_left(&self, node: &NodeId, left: Vec<(Spender, Usd)>) -> Result<(), StoreError> {
        let mut state = self.state()?;
        for (spender, amount) in left {
            state.note(node, spender, amount);
        }
        Ok(())
    }

    async fn forget_node(&self, node: &NodeId) -> Result<(), StoreError> {
        self.state()?.allotments.retain(|(_, teller), _| teller != node.as_str());
        Ok(())
    }
}

impl State {
    fn note(&mut self, node: &NodeId, spender: Spender, amount: Usd) {
        let place = (spender, node.as_str().to_owned());
        if amount == Usd::ZERO {
            self.allotments.remove(&place);
        } else {
            self.allotments.insert(place, (amount, clock()));
        }
    }

    /// What other nodes have that were heard of lately.
    fn elsewhere(&self, request: &AllotmentRequest) -> Usd {
        let (node, believed, now) = (request.node.as_str(), request.believed, clock());
        let of_spender = self.allotments.iter().filter(|((it, _), _)| *it == request.spender);
        let others = of_spender.filter(|((_, teller), _)| teller != node);
        let is_believed = |told: Instant| now.saturating_duration_since(told) < believed;
        let amounts = others.filter(|(_, (_, told))| is_believed(*told)).map(|(_, (it, _))| *it);
        amounts.fold(Usd::ZERO, Usd::saturating_add)
    }

    fn spent(&self, whose: &Whose, since: Option<UtcDay>) -> DayUsage {
        match (whose, since) {
            (Whose::Key(hash), None) => self.key_totals.get(hash).copied().unwrap_or_default(),
            (Whose::Key(hash), Some(first)) => {
                let mut sum = DayUsage::default();
                let days = self.key_days.iter();
                let days = days.filter(|((key, day), _)| key == hash && *day >= first);
                days.for_each(|(_, usage)| sum.add(usage));
                sum
            }
            (Whose::Workspace(id), since) => {
                self.spent_since(since).get(id).copied().unwrap_or_default()
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long ago it was, and not what time it is")]
fn clock() -> Instant {
    Instant::now()
}

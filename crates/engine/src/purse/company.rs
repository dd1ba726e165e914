//! Gateways that are gone, and what they had set aside.
//!
//! A slice is its node's own until that gives it back, and a node that never starts again gives
//! nothing back. So each tells the ledger now and then that it is there, and whoever has not told
//! for long is taken back from. Clocks of nodes differ, so none is compared with another's: each
//! node watches by its own whether what others told changes, and counts only the time in which it
//! could look.
//!
//! A node that was only cut off finds out with its next word: the ledger says what was ever taken
//! back of its slices, and it takes off its purses what it did not know of. Until then it goes on
//! with what it has set aside, as it does whenever the database is away, and so may spend that much
//! which others may spend, too. What it spent is charged all the same, when it is written down.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tollgate_ledger::{AccountId, NodeId};
use tollgate_store::StoreError;
use tollgate_types::{Timestamp, Usd};

use super::{Purse, Purses};

/// What is known of other nodes, and what they took of this one's slices.
#[derive(Debug, Default)]
pub(super) struct Company(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What was ever taken back of this node's slices, as last heard.
    lost: BTreeMap<AccountId, Usd>,
    /// What each other node told last, and since when it has not told anything else.
    others: BTreeMap<NodeId, (Timestamp, Instant)>,
    looked_at: Option<Instant>,
}

impl Purses {
    /// Tells other gateways that this one is there, and takes back what those have set aside that
    /// were not heard of for `patience`. To be called several times as often.
    ///
    /// # Errors
    ///
    /// When the store can't be asked.
    pub async fn keep_company(&self, patience: Duration) -> Result<(), StoreError> {
        self.tell().await?;
        let nodes = self.stores.ledger.nodes().await?;
        let now = Instant::now();
        let gone = self.company.0.lock().gone(nodes, &self.node, (now, patience));
        for (node, heard_at) in gone {
            let now = self.clock.now();
            for (account, amount) in self.stores.ledger.reclaim(&node, Some(heard_at), now).await? {
                tracing::warn!(
                    %node, %account, %amount,
                    "a gateway was not heard of for long: what it had set aside is available again"
                );
            }
        }
        Ok(())
    }

    /// Says that this node is there, and takes off its purses what was taken back of them.
    pub(super) async fn tell(&self) -> Result<(), StoreError> {
        for (account, ever) in self.stores.ledger.tell(&self.node, self.clock.now()).await? {
            let lost = self.company.0.lock().loses(&account, ever);
            // At the start there is none yet: what was taken from an earlier life is not missed.
            let Some(purse) = self.purses.read().get(&account).cloned() else { continue };
            if lost > Usd::ZERO {
                tracing::warn!(
                    %account, amount = %lost,
                    "this gateway was not heard of for long: others have taken back what it had set aside"
                );
                purse.lose(lost);
            }
        }
        Ok(())
    }
}

impl Purse {
    /// Takes off what the ledger has no more of here. What calls under way hold of it they take from
    /// what is available when they end.
    fn lose(&self, amount: Usd) {
        let mut state = self.state.lock();
        let least = Usd::from_nanos(state.held.nanos().saturating_neg());
        state.left = state.left.checked_sub(amount).unwrap_or(least).max(least);
    }
}

impl Known {
    /// What of an account was taken back that this node did not know of.
    fn loses(&mut self, account: &AccountId, ever: Usd) -> Usd {
        let before = self.lost.insert(account.clone(), ever).unwrap_or_default();
        ever.checked_sub(before).unwrap_or(Usd::ZERO)
    }

    /// The nodes that have told nothing for `patience`, as far as this node could hear them.
    fn gone(
        &mut self,
        nodes: Vec<(NodeId, Timestamp)>,
        this: &NodeId,
        (now, patience): (Instant, Duration),
    ) -> Vec<(NodeId, Timestamp)> {
        let last = self.looked_at.replace(now);
        // Whoever could not look, because the database was away, does not know who told nothing.
        if last.is_none_or(|last| now.saturating_duration_since(last) > patience / 2) {
            self.others.clear();
        }
        let others = nodes.into_iter().filter(|(node, _)| node != this);
        let others = others.map(|(node, told_at)| {
            let before = self.others.get(&node).filter(|(before, _)| *before == told_at);
            let since = before.map_or(now, |(_, since)| *since);
            (node, (told_at, since))
        });
        self.others = others.collect();
        let is_gone = |since: Instant| now.saturating_duration_since(since) >= patience;
        let gone = self.others.iter().filter(|(_, (_, since))| is_gone(*since));
        gone.map(|(node, (told_at, _))| (node.clone(), *told_at)).collect()
    }
}

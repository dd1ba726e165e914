//! What each of several nodes may let keys and workspaces spend, so that all of them together keep
//! to what those may spend.

use std::time::Duration;

use async_trait::async_trait;
use tollgate_ledger::{NodeId, SlicePolicy, slice};
use tollgate_types::{KeyHash, Timestamp, Usd, UtcDay};

use crate::{DayUsage, StoreError};

/// Keeps what nodes have been allotted, in a store that several of them share.
///
/// What one may spend is bounded by caps. What was spent is what the records of all nodes say; what
/// may still be spent without asking is what nodes have been allotted, each for itself. Both
/// together never exceed a cap, because who allots looks at both in one step.
///
/// A node has what it was allotted until it says that it has less: once what it spent of it is on
/// record, or when it needs it no more.
#[async_trait]
pub trait AllotmentStore: Send + Sync {
    /// Allots a node what it asks for, if there is as much.
    async fn allot(&self, request: AllotmentRequest) -> Result<Allotted, StoreError>;

    /// Notes what a node still has, in the place of what was noted before. What it has spent of it
    /// must be on record.
    async fn has_left(&self, node: &NodeId, left: Vec<(Spender, Usd)>) -> Result<(), StoreError>;

    /// Forgets all that a node has: everything it spent is on record, and it spends no more of it.
    async fn forget_node(&self, node: &NodeId) -> Result<(), StoreError>;
}

/// Who may spend so much and no more. What providers charge to the caller's own accounts counts for
/// some caps and not for others, so those are spenders of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spender {
    /// Who it is.
    pub whose: Whose,
    /// Whether what providers charge to the caller's own accounts there counts, too.
    pub with_own: bool,
}

/// Whose spending is bounded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// A key's.
    Key(KeyHash),
    /// That of the keys of a workspace together, by its id.
    Workspace(String),
}

/// What one may spend in a window of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// The window's first day; none for what was ever spent.
    pub since: Option<UtcDay>,
    /// How much may be spent.
    pub amount: Usd,
}

/// What a node asks for.
#[derive(Debug, Clone)]
pub struct AllotmentRequest {
    /// Who wants to spend.
    pub spender: Spender,
    /// Through which node.
    pub node: NodeId,
    /// All that it may spend.
    pub caps: Vec<Cap>,
    /// What the node has still: not spent, held by calls under way, or not on record yet.
    pub has: Usd,
    /// What it needs beside that.
    pub need: Usd,
    /// How much more than it needs it is given.
    pub policy: SlicePolicy,
    /// What another node has that was not heard of for so long is nothing: it is gone.
    pub believed: Duration,
}

/// What a node was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allotted {
    /// What it has beside what it had; none where there was less than it needs.
    pub more: Option<Usd>,
    /// What any node could still be given.
    pub free: Usd,
    /// What other nodes have.
    pub elsewhere: Usd,
}

impl Spender {
    /// What kind of spender it is, as it is stored.
    pub const fn kind(&self) -> &'static str {
        match (&self.whose, self.with_own) {
            (Whose::Key(_), false) => "key",
            (Whose::Key(_), true) => "key_with_own",
            (Whose::Workspace(_), false) => "workspace",
            (Whose::Workspace(_), true) => "workspace_with_own",
        }
    }

    /// Which of them, as it is stored.
    pub fn id(&self) -> String {
        match &self.whose {
            Whose::Key(hash) => hash.to_hex(),
            Whose::Workspace(id) => id.clone(),
        }
    }
}

impl Cap {
    /// What is left of it where so much was spent since its first day; less than nothing where that
    /// is more.
    fn left(&self, spent: &DayUsage, with_own: bool) -> Usd {
        let own = if with_own { spent.byok } else { Usd::ZERO };
        let spent = spent.spent.saturating_add(own);
        Usd::from_nanos(self.amount.nanos().saturating_sub(spent.nanos()))
    }
}

impl AllotmentRequest {
    /// What the node is given, where so much was spent of each cap and other nodes have so much.
    pub fn decide(&self, spent: &[DayUsage], elsewhere: Usd) -> Allotted {
        let lefts =
            self.caps.iter().zip(spent).map(|(cap, spent)| cap.left(spent, self.spender.with_own));
        let left = lefts.min().unwrap_or(Usd::ZERO);
        let aside = elsewhere.saturating_add(self.has);
        let free = Usd::from_nanos(left.nanos().saturating_sub(aside.nanos()));
        let more = slice(free, self.need, &self.policy);
        let free = free.checked_sub(more.unwrap_or(Usd::ZERO)).unwrap_or(Usd::ZERO);
        Allotted { more, free, elsewhere }
    }
}

/// Whether a node says again what it has though nothing has changed: it does so several times within
/// the time for which it is believed.
pub fn is_told_again(told_at: Timestamp, now: Timestamp, believed: Duration) -> bool {
    let age = u128::from(now.millis_since(told_at).unsigned_abs());
    age >= believed.as_millis() / 4
}

//! The ledger: movements of money that are added and never changed, and what they come to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_ledger::{AccountId, Balance, Books, Movement, NodeId, SlicePolicy};
use tollgate_types::{Month, Timestamp, Usd};

use crate::StoreError;

/// A movement and its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Grows with every movement; there may be gaps.
    pub sequence: u64,
    /// What happened.
    pub movement: Movement,
}

/// Which movements to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MovementQuery {
    /// Those of one account; transfers to it are its own, too.
    pub account: Option<AccountId>,
    /// Those that have this id or refer to it.
    pub about: Option<String>,
    /// Only what people and payments have entered: neither calls nor slices.
    pub entered_only: bool,
    /// From this instant on.
    pub since: Option<Timestamp>,
    /// Up to, and without, this instant.
    pub until: Option<Timestamp>,
    /// Only those before this place.
    pub before: Option<u64>,
    /// The most to return.
    pub limit: u32,
}

/// A node's wish for a slice of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// The movement's id: asked again under the same, the answer is the same.
    pub id: String,
    /// Whose credit.
    pub account: AccountId,
    /// Who sets it aside.
    pub node: NodeId,
    /// What is needed at once.
    pub need: Usd,
    /// How the slice is cut.
    pub policy: SlicePolicy,
    /// Now.
    pub at: Timestamp,
}

/// The answer to a [`LeaseRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leased {
    /// What was set aside; nothing when there is less than what is needed.
    pub slice: Option<Usd>,
    /// What is available then.
    pub available: Usd,
}

/// What a node has set aside of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The node.
    pub node: NodeId,
    /// Whose credit.
    pub account: AccountId,
    /// How much is left of it.
    pub amount: Usd,
    /// When it last changed.
    pub touched_at: Timestamp,
}

/// Keeps the ledger.
///
/// What calls cost is not added here but by
/// [`GenerationStore::append`](crate::GenerationStore::append), in the step that keeps their
/// records.
///
/// Writes are cancel safe and idempotent under their movements' ids.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// Adds movements, all or none; `false`, and no change, when the first one's id is known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when one of them takes more than there is or does not fit;
    /// [`StoreError::Conflict`] when the id of a later one is known.
    async fn post(&self, movements: Vec<Movement>) -> Result<bool, StoreError>;

    /// An account's balance; zeros for one that nobody knows.
    async fn balance(&self, account: &AccountId) -> Result<Balance, StoreError>;

    /// Movements, newest first.
    async fn movements(&self, query: &MovementQuery) -> Result<Vec<LedgerRow>, StoreError>;

    /// Sets a slice aside for a node, if there is enough.
    async fn lease(&self, request: LeaseRequest) -> Result<Leased, StoreError>;

    /// Gives back what a node has set aside of an account: `amount`, at most what is left of it.
    /// Returns what was given back, which is nothing when the id is known.
    async fn release(
        &self,
        id: &str,
        lease: (&NodeId, &AccountId),
        amount: Usd,
        at: Timestamp,
    ) -> Result<Usd, StoreError>;

    /// What nodes have set aside, by node and account: of one account, or of all.
    async fn leases(&self, account: Option<&AccountId>) -> Result<Vec<Lease>, StoreError>;

    /// Accounts of which nodes have set aside more than is available besides: where slices that
    /// nobody uses are missed, and where less than nothing is left they are owed.
    async fn scarce(&self) -> Result<Vec<(AccountId, Balance)>, StoreError>;

    /// Notes that a node is there, and returns what was ever taken back of what it had set aside
    /// ([`reclaim`](Self::reclaim)), by account: nothing, for most nodes.
    async fn tell(&self, node: &NodeId, at: Timestamp)
    -> Result<Vec<(AccountId, Usd)>, StoreError>;

    /// The nodes that have told that they are there and were not taken back from since, each with
    /// when it did. That grows with every word, and is to be compared with what it was: it is by
    /// the node's own clock.
    async fn nodes(&self) -> Result<Vec<(NodeId, Timestamp)>, StoreError>;

    /// Takes back all that a node has set aside, unless it has told that it is there since
    /// `heard_at`, and returns that by account. What it spent of that and did not record yet is
    /// taken from what is available when it does, as what a call costs beyond what was set aside.
    async fn reclaim(
        &self,
        node: &NodeId,
        heard_at: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError>;

    /// Ends credit that has expired, as far as it is there, and says what was ended.
    async fn expire(&self, now: Timestamp) -> Result<Vec<Movement>, StoreError>;

    /// What an account's movements before a month come to, by when they happened.
    async fn balance_before(
        &self,
        account: &AccountId,
        month: Month,
    ) -> Result<Balance, StoreError>;

    /// The earliest month in which something happened to an account.
    async fn first_month(&self, account: &AccountId) -> Result<Option<Month>, StoreError>;

    /// What calls that were admitted in a month cost, by account: those that paid for any. Held at
    /// the end of the range.
    async fn calls_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError>;

    /// Every account's books at one moment, counted from its movements: slow, for audits.
    async fn books(&self) -> Result<BTreeMap<AccountId, Books>, StoreError>;
}

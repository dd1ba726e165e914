//! The operator's rules over the management API: versions that are added and never changed.

use async_trait::async_trait;
use tollgate_types::Timestamp;

use crate::StoreError;

/// One version of the rules. The newest is in force; to go back, an older one is added again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// From 1, without gaps.
    pub version: u64,
    /// The rules, as JSON. The store does not look at them.
    pub rules: String,
    /// Why, for people.
    pub note: Option<String>,
    /// Who: the masked key that it was sent with.
    pub author: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Keeps versions of the rules, append-only.
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// Adds the version behind the newest. [`StoreError::Conflict`] when `version` is not the number
    /// of the next one: somebody else was faster.
    ///
    /// Cancel safe: a caller that stops waiting leaves the version either kept or not.
    async fn add(&self, version: PolicyVersion) -> Result<(), StoreError>;

    /// The newest version; `None` before the first. Cheap enough to poll.
    async fn newest(&self) -> Result<Option<PolicyVersion>, StoreError>;

    /// One version.
    async fn get(&self, version: u64) -> Result<Option<PolicyVersion>, StoreError>;

    /// The newest versions below `before`, newest first.
    async fn list(&self, limit: u32, before: Option<u64>)
    -> Result<Vec<PolicyVersion>, StoreError>;

    /// The number of the newest version, 0 before the first. For polling.
    async fn revision(&self) -> Result<u64, StoreError>;
}

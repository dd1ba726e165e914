//! What was said and answered in a call, sealed (contract §1.3).

use async_trait::async_trait;
use tollgate_types::{GenerationId, Timestamp};

use crate::StoreError;

/// What was said and answered in one call. Stores know nothing of what is inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRecord {
    /// The call.
    pub generation_id: GenerationId,
    /// When it was admitted.
    pub created_at: Timestamp,
    /// The words, sealed with a master key for [`purpose`](Self::purpose).
    pub sealed: Vec<u8>,
}

impl ContentRecord {
    /// What the words of a call are sealed for: they open for no other.
    pub fn purpose(generation_id: &GenerationId) -> String {
        format!("generation_content:{generation_id}")
    }
}

/// Keeps what was said and answered. Removing a record of a call removes this with it.
///
/// Writes are cancel safe: a caller that stops waiting leaves them done or not done, whole.
#[async_trait]
pub trait ContentStore: Send + Sync {
    /// Keeps what was said in calls; what is kept of a call already stays. Whether there are such
    /// calls is not looked at: their records may be on their way still.
    async fn keep(&self, batch: Vec<ContentRecord>) -> Result<(), StoreError>;

    /// What was said in a call.
    async fn content(&self, generation: &GenerationId)
    -> Result<Option<ContentRecord>, StoreError>;

    /// Everything that is kept, by the calls' ids, behind one of them.
    async fn contents_after(
        &self,
        after: Option<&GenerationId>,
        limit: u32,
    ) -> Result<Vec<ContentRecord>, StoreError>;

    /// Replaces the sealed words of a call if they are still those that were read; `false`, and no
    /// change, otherwise.
    async fn reseal_content(
        &self,
        generation: &GenerationId,
        before: &[u8],
        after: Vec<u8>,
    ) -> Result<bool, StoreError>;

    /// Removes what was said in calls admitted before an instant, the oldest first, and says how
    /// many there were: at most `at_most`, nothing when none is left.
    async fn remove_contents_before(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError>;
}

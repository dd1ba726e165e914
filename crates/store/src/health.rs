//! Whether the store can be used, and the end of its use.

use async_trait::async_trait;

use crate::StoreError;

/// The life of a store as the program sees it.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Succeeds when the store can be read and accepts writes.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes every accepted write and releases the backend. Later calls, also of this, find
    /// the store closed. Idempotent.
    ///
    /// Cancel safe: closing goes on when the caller stops waiting.
    async fn close(&self);
}

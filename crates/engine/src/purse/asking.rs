//! Asking the store for what a call needs, and why a call may get none of it.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tollgate_store::StoreError;
use tollgate_types::Usd;

/// Why a call can't be paid.
#[derive(Debug)]
pub(crate) enum Short {
    /// There is nothing, or less.
    Empty,
    /// There is less than it needs.
    Less {
        /// What there is.
        available: Usd,
    },
    /// There would be enough if other calls, or other nodes, did not hold it.
    InFlight,
    /// The store could not be asked, and what was set aside is used up.
    Unavailable(StoreError),
}

/// How long a call waits for the store.
pub(crate) const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// The store has not answered for so long that a call can't wait for it.
#[derive(Debug, thiserror::Error)]
#[error("the store does not answer")]
pub(crate) struct Silent;

/// Waits for what the store is asked to hold. Whoever has gone, or has waited long enough, leaves it
/// to itself: what the store gives is noted, and what nobody holds is given back.
pub(crate) async fn asked<T: Send + 'static>(
    tasks: &TaskTracker,
    holding: impl Future<Output = Result<T, Short>> + Send + 'static,
) -> Result<T, Short> {
    let closed = |_| Err(Short::Unavailable(StoreError::Closed));
    match timeout(STORE_PATIENCE, tasks.spawn(holding)).await {
        Ok(held) => held.unwrap_or_else(closed),
        Err(_) => Err(Short::Unavailable(StoreError::unavailable(Silent))),
    }
}

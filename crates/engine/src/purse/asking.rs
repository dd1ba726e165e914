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
const PATIENCE: Duration = Duration::from_secs(5);

/// The store has not answered for so long that a call can't wait for it.
#[derive(Debug, thiserror::Error)]
#[error("the store does not answer")]
struct Silent;

/// Waits for what the store is asked as long as a call can.
pub(crate) async fn in_time<T>(
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(StoreError::unavailable(Silent)))
}

/// Waits for what the store is asked to hold. Whoever has gone, or has waited long enough, leaves it
/// to itself: what the store gives is noted, and what nobody holds is given back.
pub(crate) async fn asked<T: Send + 'static>(
    tasks: &TaskTracker,
    holding: impl Future<Output = Result<T, Short>> + Send + 'static,
) -> Result<T, Short> {
    let holding = tasks.spawn(holding);
    let held = in_time(async { holding.await.map_err(|_| StoreError::Closed) }).await;
    held.unwrap_or_else(|error| Err(Short::Unavailable(error)))
}

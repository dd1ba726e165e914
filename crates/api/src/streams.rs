//! Answers that go on for long: how many there may be at once, and when they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Exports under way at once: each keeps a connection to the database busy.
const EXPORTS_MAX: usize = 4;
/// Listeners at once.
const LISTENERS_MAX: usize = 64;

/// Who finds no place is asked to come back after so long.
pub(crate) const PLACE_AGAIN: Duration = Duration::from_secs(5);

/// Places for long answers.
#[derive(Debug)]
pub(crate) struct Streams {
    exports: Arc<Semaphore>,
    listeners: Arc<Semaphore>,
    stopping: CancellationToken,
}

impl Streams {
    /// As many places as there are. Listeners are sent away when `stopping` is cancelled.
    pub(crate) fn new(stopping: CancellationToken) -> Self {
        let places = |most| Arc::new(Semaphore::new(most));
        Self { exports: places(EXPORTS_MAX), listeners: places(LISTENERS_MAX), stopping }
    }

    /// A place for an export, if there is one.
    pub(crate) fn export(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.exports).try_acquire_owned().ok()
    }

    /// A place for a listener, if there is one.
    pub(crate) fn listener(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.listeners).try_acquire_owned().ok()
    }

    /// Cancelled when the program stops.
    pub(crate) const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

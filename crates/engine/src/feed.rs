//! Records as they are written, for whoever listens just now.
//!
//! What nobody listens to costs one atomic load for each batch that is written, off the path of
//! every call. Who reads more slowly than records come loses the oldest and is told so: the store
//! has them all. Deliberately absent: records of other nodes on the same store.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};
use tollgate_store::{GenerationRecord, RoutingRecord};

/// Batches that are kept for those who are behind.
const BATCHES_KEPT: usize = 16;

/// Where records are told that were written.
pub struct Feed {
    batches: Sender<Arc<[GenerationRecord]>>,
    listeners: Arc<AtomicUsize>,
}

/// Somebody who listens, until it is dropped.
#[derive(Debug)]
pub struct Subscription {
    batches: Receiver<Arc<[GenerationRecord]>>,
    /// Not the feed itself: that ends with the recorder.
    listeners: Arc<AtomicUsize>,
}

/// What somebody has heard.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Records that were written together, without their plans.
    Records(Arc<[GenerationRecord]>),
    /// Some were missed: the listener was behind.
    Gap,
}

impl Feed {
    /// Nobody listens yet.
    pub(crate) fn new() -> Arc<Self> {
        let (batches, _) = broadcast::channel(BATCHES_KEPT);
        Arc::new(Self { batches, listeners: Arc::default() })
    }

    /// Begins to listen: to what is written from now on.
    pub fn subscribe(&self) -> Subscription {
        let batches = self.batches.subscribe();
        self.listeners.fetch_add(1, Ordering::AcqRel);
        Subscription { batches, listeners: Arc::clone(&self.listeners) }
    }

    /// Tells records that are in the store now.
    pub(crate) fn tell(&self, records: &[GenerationRecord]) {
        if self.listeners.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut records = records.to_vec();
        for record in &mut records {
            // Of the plan only what lists show.
            record.routing = record.cache_source().map(|source| {
                let cache_source = Some(source.into());
                Box::new(RoutingRecord { cache_source, ..RoutingRecord::default() })
            });
        }
        // The last listener may have gone meanwhile.
        self.batches.send(records.into()).unwrap_or_default();
    }
}

impl Subscription {
    /// What is heard next; none when the engine has stopped.
    ///
    /// Cancel safe: what was not returned is heard the next time.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.batches.recv().await {
            Ok(records) => Some(Heard::Records(records)),
            Err(RecvError::Lagged(_)) => Some(Heard::Gap),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

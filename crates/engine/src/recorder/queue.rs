//! Records that wait to be written, in batches as they will be.
//!
//! # Why not a channel?
//!
//! Records go to the store as one list. Through a channel each is moved to the heap, into the channel,
//! out of it and into that list; here it is moved into the list.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tollgate_journal::Receipt;
use tollgate_store::GenerationRecord;

use super::Slot;
use crate::afford::Unwritten;

/// Records written at once.
pub(super) const BATCH_MAX: usize = 2_048;

/// Records that wait. Those who put some in never wait, and are bounded by their slots.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    begun: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    full: VecDeque<Batch>,
    filling: Batch,
}

/// Records, and what is kept of each until it is written.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<GenerationRecord>,
    pub(super) kept: Vec<Kept>,
}

/// What is kept of a call until its record is written.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) slot: Slot,
    /// Of the journal; none where it could not be written, or there is none.
    pub(super) receipt: Option<Receipt>,
    /// What is given free when it is written.
    pub(super) unwritten: Unwritten,
}

impl Queue {
    /// Puts a record behind the others.
    pub(super) fn push(&self, record: GenerationRecord, kept: Kept) {
        let mut waiting = self.waiting.lock();
        let is_first = waiting.is_empty();
        if waiting.filling.records.len() >= BATCH_MAX {
            let full = waiting.begin_another();
            waiting.full.push_back(full);
        }
        waiting.filling.records.push(record);
        waiting.filling.kept.push(kept);
        drop(waiting);
        if is_first {
            self.begun.notify_one();
        }
    }

    /// The records that have waited longest, if any wait.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut waiting = self.waiting.lock();
        if let Some(full) = waiting.full.pop_front() {
            return Some(full);
        }
        (!waiting.is_empty()).then(|| waiting.begin_another())
    }

    /// Whether a whole batch waits.
    pub(super) fn has_full(&self) -> bool {
        let waiting = self.waiting.lock();
        !waiting.full.is_empty() || waiting.filling.records.len() >= BATCH_MAX
    }

    /// Waits until there is a record.
    ///
    /// Cancel safe: it takes nothing.
    pub(super) async fn begun(&self) {
        while self.waiting.lock().is_empty() {
            self.begun.notified().await;
        }
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.full.is_empty() && self.filling.records.is_empty()
    }

    /// Takes the batch that is being filled. The next one is likely to be as long, and should not have
    /// to grow while others wait for the lock.
    fn begin_another(&mut self) -> Batch {
        let length = self.filling.records.len();
        let next = Batch { records: Vec::with_capacity(length), kept: Vec::with_capacity(length) };
        std::mem::replace(&mut self.filling, next)
    }
}

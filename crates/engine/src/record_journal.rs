//! Records of calls that have ended, in a local journal until the store has them.
//!
//! A record reaches the store a moment after its call has ended, in a batch; much later when the
//! store is away. Meanwhile it is in memory, and would be lost with the process, and what the call
//! cost with it. So it is journaled first, before the client is given the end of its answer.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use tollgate_journal::{Journal, JournalError, Receipt, Replay, Replayed};
use tollgate_store::{GenerationRecord, StoreError, Stores};
use tollgate_types::Chain;

/// The journal of records.
#[derive(Debug, Default)]
pub struct RecordJournal {
    /// None where nothing has to outlive the process.
    journal: Option<Journal>,
    /// Whether the last append failed: then no further calls are admitted.
    fails: AtomicBool,
}

/// Why what an earlier run left can't be written down.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal can't be read.
    #[error("the journal can't be read")]
    Journal(#[from] JournalError),
    /// The store can't be written.
    #[error("the store can't be written")]
    Store(#[from] StoreError),
}

/// Records written at once when they are replayed.
const BATCH: usize = 512;
/// A buffer that a long record has grown is not kept.
const BUFFER_KEPT: usize = 64 * 1024;

thread_local! {
    /// Records are written here before they are appended: one buffer for all calls of a thread.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl RecordJournal {
    /// Keeps records in `journal`.
    pub const fn new(journal: Journal) -> Self {
        Self { journal: Some(journal), fails: AtomicBool::new(false) }
    }

    /// Keeps a record until its receipt says that the store has it; what it is kept in outlives the
    /// process from the next [`write`](Self::write) on. `None` when it can't be kept: it is in memory
    /// all the same, and no further calls are admitted.
    pub(crate) fn keep(&self, record: &GenerationRecord) -> Option<Receipt> {
        let journal = self.journal.as_ref()?;
        let kept = BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            record.write_entry(buffer).ok()?;
            let kept = journal.enqueue(buffer);
            if buffer.capacity() > BUFFER_KEPT {
                *buffer = Vec::new();
            }
            Some(kept)
        })?;
        self.noted(kept)
    }

    /// Writes what was kept, by whomever.
    pub(crate) fn write(&self) {
        if let Some(journal) = &self.journal {
            self.noted(journal.write());
        }
    }

    fn noted<T>(&self, outcome: Result<T, JournalError>) -> Option<T> {
        outcome
            .inspect_err(|error| {
                if !self.fails.swap(true, Ordering::AcqRel) {
                    tracing::error!(error = %Chain(error), "the journal can't be written; no calls are admitted until it can");
                }
            })
            .ok()
    }

    /// Whether a call may begin: its record can be kept when it ends. On a full disk none may while
    /// there is still room for what has begun.
    pub(crate) fn is_well(&self) -> bool {
        let Some(journal) = &self.journal else { return true };
        if journal.has_room() && !self.fails.load(Ordering::Acquire) {
            return true;
        }
        if let Err(error) = journal.make_room() {
            if !self.fails.swap(true, Ordering::AcqRel) {
                tracing::error!(error = %Chain(&error), "the journal has no room; no calls are admitted until it has");
            }
            return false;
        }
        // An empty entry is nothing to replay.
        let Ok(receipt) = journal.append(&[]) else { return false };
        receipt.applied();
        if self.fails.swap(false, Ordering::AcqRel) {
            tracing::info!("the journal can be written again");
        }
        true
    }

    /// Makes what was kept outlive a loss of power. It blocks on the disk.
    ///
    /// # Errors
    ///
    /// As [`Journal::sync`].
    pub fn sync(&self) -> Result<(), JournalError> {
        self.journal.as_ref().map_or(Ok(()), Journal::sync)
    }

    /// Length of the journal's files in bytes, and how many of its records the store does not have
    /// yet.
    pub fn size(&self) -> (u64, u64) {
        self.journal.as_ref().map_or((0, 0), |it| (it.bytes(), it.unapplied()))
    }
}

/// Writes to the store what an earlier run had journaled and not written, and says how much that
/// was. What can't be read as a record is handed to `unreadable`.
///
/// # Errors
///
/// When the journal can't be read or the store can't be written; then nothing is deleted, and it
/// may be tried again.
pub async fn replay(
    mut journaled: Replay,
    stores: &Stores,
    mut unreadable: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<(Replayed, u64), ReplayError> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut added: u64 = 0;
    loop {
        let entry = journaled.next_entry()?;
        match entry.filter(|it| !it.is_empty()).map(GenerationRecord::read_entry) {
            Some(Ok(record)) => batch.push(record),
            Some(Err(error)) => {
                tracing::error!(%error, "an entry of the journal is no record; it is put aside");
                let entry = entry.unwrap_or_default();
                unreadable(entry).map_err(StoreError::unavailable)?;
            }
            None => {}
        }
        let is_last = entry.is_none();
        if batch.len() >= BATCH || (is_last && !batch.is_empty()) {
            let records = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            added = added.saturating_add(stores.generations.append(records).await?);
        }
        if is_last {
            break;
        }
    }
    Ok((journaled.finished()?, added))
}

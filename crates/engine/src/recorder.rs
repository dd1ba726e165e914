//! Generation records on their way to the store, off the path of a request.
//!
//! # Why slots?
//!
//! A store that writes more slowly than calls end would let records pile up without bound. So each
//! call takes a [`Slot`] when it is admitted and its record gives it back when it is written: calls
//! under way and records not yet written are bounded together. When there is none, the next call
//! waits, and the store sets the pace.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tollgate_journal::Receipt;
use tollgate_store::{GenerationRecord, Stores};
use tollgate_types::Chain;

use crate::afford::Unwritten;
use crate::{Feed, RecordJournal};

/// Hands records to a task that writes them in batches.
#[derive(Debug, Clone)]
pub struct Recorder {
    slots: Arc<Semaphore>,
    journal: Arc<RecordJournal>,
    feed: Arc<Feed>,
    records: mpsc::Sender<Entry>,
    flushes: mpsc::Sender<oneshot::Sender<()>>,
}

/// A call's right to be recorded.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Entry {
    record: Box<GenerationRecord>,
    slot: Slot,
    /// Of the journal; none where it could not be written, or there is none.
    receipt: Option<Receipt>,
    /// What is given free when it is written.
    unwritten: Unwritten,
}

/// How long a call waits for a slot before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);
const FLUSHES_MAX: usize = 64;
const BATCH_MAX: usize = 2_048;
/// How long the first record of a batch waits for company.
const LINGER: Duration = Duration::from_millis(200);
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

impl Recorder {
    /// Starts the writing task on `tasks`, with `slots` for calls under way and records not yet
    /// written, together. Until they are written, records are in `journal`.
    pub fn start(
        stores: Stores,
        journal: RecordJournal,
        tasks: &TaskTracker,
        slots: usize,
    ) -> Self {
        let journal = Arc::new(journal);
        let feed = Feed::new();
        let (records, inbox) = mpsc::channel(slots.max(1));
        let (flushes, requests) = mpsc::channel(FLUSHES_MAX);
        tasks.spawn(Writer { stores, feed: Arc::clone(&feed), inbox, requests }.run());
        Self { slots: Arc::new(Semaphore::new(slots.max(1))), journal, feed, records, flushes }
    }

    /// Whether calls may begin, as far as the journal goes: their records can be kept.
    pub fn is_well(&self) -> bool {
        self.journal.is_well()
    }

    /// Takes a slot, waiting for one if records pile up; `None` when the store does not keep up or
    /// the journal can't be written.
    ///
    /// Cancel safe: dropped, nothing is taken.
    pub async fn slot(&self) -> Option<Slot> {
        if !self.is_well() {
            return None;
        }
        let slots = Arc::clone(&self.slots);
        if let Ok(permit) = Arc::clone(&slots).try_acquire_owned() {
            return Some(Slot { _permit: permit });
        }
        let permit = timeout(PATIENCE, slots.acquire_owned()).await.ok()?.ok()?;
        Some(Slot { _permit: permit })
    }

    /// Hands a record over. When this returns it outlives the process. Never waits, but for the
    /// operating system: whoever has a slot has room in the queue.
    pub fn record(&self, slot: Slot, record: GenerationRecord) {
        self.record_with(slot, record, Unwritten::default());
        self.write();
    }

    /// Writes what was handed over into the journal. When this returns it outlives the process.
    pub(crate) fn write(&self) {
        self.journal.write();
    }

    /// Hands a record over, which outlives the process when it is [written](Self::write): with all
    /// others that were handed over before, in one step.
    /// `unwritten` is dropped when the store has it.
    pub(crate) fn record_with(&self, slot: Slot, record: GenerationRecord, unwritten: Unwritten) {
        let receipt = self.journal.keep(&record);
        let entry = Entry { record: Box::new(record), slot, receipt, unwritten };
        if self.records.try_send(entry).is_err() {
            tracing::error!("a generation record was lost: the writer has stopped");
        }
    }

    /// Where records are until they are written.
    pub const fn journal(&self) -> &Arc<RecordJournal> {
        &self.journal
    }

    /// Where records are told once they are written.
    pub const fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Waits until everything handed over so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.flushes.send(done).await.is_ok() {
            // The writer drops the sender only when it stops, and then nothing is left to wait for.
            written.await.unwrap_or_default();
        }
    }
}

struct Writer {
    stores: Stores,
    feed: Arc<Feed>,
    inbox: mpsc::Receiver<Entry>,
    requests: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Writer {
    /// Runs until every [`Recorder`] is dropped and the queue is empty.
    async fn run(mut self) {
        loop {
            tokio::select! {
                entry = self.inbox.recv() => match entry {
                    Some(entry) => {
                        let waiting = self.gather(entry).await;
                        self.answer(waiting).await;
                    }
                    None => return,
                },
                Some(done) = self.requests.recv() => self.answer(Some(done)).await,
            }
        }
    }

    /// Waits a moment for more records and writes them together. A flush that comes meanwhile is
    /// returned.
    ///
    /// The queue is not looked at while it waits: a task that is woken for each record would cost
    /// as much as writing it.
    async fn gather(&mut self, first: Entry) -> Option<oneshot::Sender<()>> {
        let waiting = tokio::select! {
            biased;
            Some(done) = self.requests.recv() => Some(done),
            () = sleep(LINGER) => None,
        };
        let mut batch = vec![first];
        loop {
            self.fill(&mut batch);
            append(&self.stores, &self.feed, std::mem::take(&mut batch)).await;
            // The rest is enough for another batch, or waits for company.
            if self.inbox.len() < BATCH_MAX {
                return waiting;
            }
        }
    }

    /// Adds to a batch what is queued.
    fn fill(&mut self, batch: &mut Vec<Entry>) {
        while batch.len() < BATCH_MAX
            && let Ok(entry) = self.inbox.try_recv()
        {
            batch.push(entry);
        }
    }

    /// Writes what is queued now, then says that it is written.
    async fn answer(&mut self, waiting: Option<oneshot::Sender<()>>) {
        let Some(done) = waiting else { return };
        loop {
            let mut batch = Vec::new();
            self.fill(&mut batch);
            if batch.is_empty() {
                break;
            }
            append(&self.stores, &self.feed, batch).await;
        }
        // Whoever waited may have gone.
        done.send(()).unwrap_or_default();
    }
}

/// Writes a batch, again and again until it is written: appending is idempotent by id.
async fn append(stores: &Stores, feed: &Feed, batch: Vec<Entry>) {
    // The slots are given back when this returns.
    let kept = |entry: Entry| (*entry.record, (entry.receipt, entry.slot, entry.unwritten));
    let (records, kept): (Vec<GenerationRecord>, Vec<_>) = batch.into_iter().map(kept).unzip();
    let records = Arc::new(records);
    let mut pause = RETRY_FIRST;
    while let Err(error) = stores.generations.append_shared(Arc::clone(&records)).await {
        if matches!(error, tollgate_store::StoreError::Closed) {
            tracing::error!(
                records = records.len(),
                "generation records are not written: the store is closed"
            );
            return;
        }
        tracing::warn!(
            error = %Chain(&error),
            records = records.len(),
            "generation records can't be written yet"
        );
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(RETRY_MAX);
    }
    for (receipt, ..) in kept {
        if let Some(receipt) = receipt {
            receipt.applied();
        }
    }
    feed.tell(&records);
}

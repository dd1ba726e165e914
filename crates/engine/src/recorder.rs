//! Generation records on their way to the store, off the path of a request.
//!
//! # Why slots?
//!
//! A store that writes more slowly than calls end would let records pile up without bound. So each
//! call takes a [`Slot`] when it is admitted and its record gives it back when it is written: calls
//! under way and records not yet written are bounded together. When there is none, the next call
//! waits, and the store sets the pace.

mod queue;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;
use tollgate_store::{GenerationRecord, Stores};
use tollgate_types::Chain;

use self::queue::{Batch, Kept, Queue};
use crate::afford::Unwritten;
use crate::{Feed, RecordJournal};

/// Hands records to a task that writes them in batches.
#[derive(Debug, Clone)]
pub struct Recorder {
    slots: Arc<Semaphore>,
    journal: Arc<RecordJournal>,
    feed: Arc<Feed>,
    queue: Arc<Queue>,
    /// Whoever waits for what is queued to be written. The task ends when nobody has this any more.
    flushes: mpsc::Sender<oneshot::Sender<()>>,
}

/// A call's right to be recorded.
#[derive(Debug)]
pub struct Slot {
    permit: OwnedSemaphorePermit,
}

/// How long a call waits for a slot before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);
const FLUSHES_MAX: usize = 64;
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
        let queue = Arc::new(Queue::default());
        let (flushes, requests) = mpsc::channel(FLUSHES_MAX);
        let (queued, heard) = (Arc::clone(&queue), Arc::clone(&feed));
        tasks.spawn(Writer { stores, feed: heard, queue: queued, requests }.run());
        Self { slots: Arc::new(Semaphore::new(slots.max(1))), journal, feed, queue, flushes }
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
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(Slot { permit });
        }
        let free = Arc::clone(&self.slots).acquire_owned();
        let permit = timeout(PATIENCE, free).await.ok()?.ok()?;
        Some(Slot { permit })
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
        self.queue.push(record, Kept { slot, receipt, unwritten });
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
    queue: Arc<Queue>,
    requests: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Writer {
    /// Runs until every [`Recorder`] is dropped and the queue is empty.
    async fn run(mut self) {
        loop {
            tokio::select! {
                () = self.queue.begun() => {
                    if let Some(done) = self.gather().await {
                        self.answer(done).await;
                    }
                }
                request = self.requests.recv() => match request {
                    Some(done) => self.answer(done).await,
                    None => return self.write_all().await,
                }
            }
        }
    }

    /// Waits a moment for more records and writes them together. A flush that comes meanwhile is
    /// returned.
    ///
    /// The queue is not looked at while it waits: a task that is woken for each record would cost
    /// as much as writing it.
    async fn gather(&mut self) -> Option<oneshot::Sender<()>> {
        let waiting = tokio::select! {
            biased;
            Some(done) = self.requests.recv() => Some(done),
            () = sleep(LINGER) => None,
        };
        while let Some(batch) = self.queue.take() {
            self.append(batch).await;
            // The rest waits for company.
            if !self.queue.has_full() {
                break;
            }
        }
        waiting
    }

    /// Writes what is queued now, then says that it is written.
    async fn answer(&self, done: oneshot::Sender<()>) {
        self.write_all().await;
        // Whoever waited may have gone.
        done.send(()).unwrap_or_default();
    }

    async fn write_all(&self) {
        while let Some(batch) = self.queue.take() {
            self.append(batch).await;
        }
    }

    /// Writes a batch, again and again until it is written: appending is idempotent by id.
    async fn append(&self, Batch { records, kept }: Batch) {
        let records = Arc::new(records);
        let mut pause = RETRY_FIRST;
        while let Err(error) = self.stores.generations.append_shared(Arc::clone(&records)).await {
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
        self.feed.tell(&records);
        release(kept);
    }
}

/// Gives back what was kept of records that are written. Their slots are given back together: calls
/// that take some would wait for each of them.
fn release(kept: Vec<Kept>) {
    let mut slots: Option<Slot> = None;
    for Kept { slot, receipt, unwritten } in kept {
        if let Some(receipt) = receipt {
            receipt.applied();
        }
        drop(unwritten);
        match &mut slots {
            Some(slots) => slots.permit.merge(slot.permit),
            None => slots = Some(slot),
        }
    }
}

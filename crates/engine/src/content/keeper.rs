//! Writes down what was said and answered, sealed, off the path of calls.
//!
//! Unlike records, words are no books: where the store does not keep up they are dropped and
//! counted, and no call waits.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tollgate_store::{ContentRecord, StoreError, Stores};
use tollgate_types::{Chain, GenerationId};
use tollgate_vault::{NONCE_BYTES, OpenError, Vault, VaultError};

use super::words::Words;
use crate::Entropy;
use crate::clock::NoEntropy;

/// Hands words to a task that writes them down.
#[derive(Debug, Clone)]
pub struct Contents {
    stores: Stores,
    vault: Arc<Vault>,
    words: mpsc::Sender<Entry>,
    flushes: mpsc::Sender<oneshot::Sender<()>>,
    /// Bytes that may wait to be written.
    room: Arc<Semaphore>,
    lost: Counter,
}

#[derive(Debug)]
struct Entry {
    words: Box<Words>,
    /// Its share of the room, given back when it is written.
    room: OwnedSemaphorePermit,
}

/// Most calls whose words wait to be written, and most bytes of them.
const CALLS_MAX: usize = 4_096;
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Written in one step.
const BATCH_MAX: usize = 16;
const FLUSHES_MAX: usize = 64;
/// How often it is tried to write them, and how long it is waited before the second time; twice as
/// long before each later one.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(100);

impl Contents {
    /// Starts the writing task on `tasks`. Words are sealed by `vault`.
    pub fn start(
        stores: Stores,
        vault: Arc<Vault>,
        entropy: Arc<dyn Entropy>,
        tasks: &TaskTracker,
    ) -> Self {
        let (words, inbox) = mpsc::channel(CALLS_MAX);
        let (flushes, requests) = mpsc::channel(FLUSHES_MAX);
        let lost = Counter::default();
        let seal = Seal { vault: Arc::clone(&vault), entropy };
        let writer = Writer { stores: stores.clone(), seal, inbox, requests, lost: lost.clone() };
        tasks.spawn(writer.run());
        Self { stores, vault, words, flushes, room: Arc::new(Semaphore::new(BYTES_MAX)), lost }
    }

    /// Takes the words of a call. Never waits: what there is no room for is lost, and counted.
    pub(super) fn hand_over(&self, words: Words) {
        let bytes = u32::try_from(words.bytes()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        let is_taken = room
            .is_ok_and(|room| self.words.try_send(Entry { words: Box::new(words), room }).is_ok());
        if !is_taken {
            self.lost.inc();
        }
    }

    /// How many calls' words were not written down.
    pub(crate) const fn lost(&self) -> &Counter {
        &self.lost
    }

    /// What was said and answered in a call, as the contract's `data` (§1.3); `None` where nothing
    /// is kept of it. Words that are on their way are waited for.
    ///
    /// # Errors
    ///
    /// When the store can't be asked, or what it has does not open.
    pub async fn of(&self, id: &GenerationId) -> Result<Option<Box<RawValue>>, ContentError> {
        let mut found = self.stores.contents.content(id).await?;
        if found.is_none() {
            self.flush().await;
            found = self.stores.contents.content(id).await?;
        }
        let Some(content) = found else { return Ok(None) };
        let text = self.vault.open(&ContentRecord::purpose(id), &content.sealed)?;
        RawValue::from_string(text).map(Some).map_err(|_| ContentError::Sealed(OpenError::Damaged))
    }

    /// Waits until everything handed over so far is written or lost.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.flushes.send(done).await.is_ok() {
            // The writer drops the sender only when it stops, and then nothing is left to wait for.
            written.await.unwrap_or_default();
        }
    }
}

/// Why what was said in a call can't be told, or sealed.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The store failed.
    #[error("the store can't be asked")]
    Store(#[from] StoreError),
    /// It does not open.
    #[error("what was said does not open: {0}")]
    Sealed(#[from] OpenError),
    /// The system has no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// The cryptography library failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

#[derive(Debug, Clone)]
struct Seal {
    vault: Arc<Vault>,
    entropy: Arc<dyn Entropy>,
}

impl Seal {
    fn seal(&self, words: Words) -> Result<ContentRecord, ContentError> {
        let (generation_id, created_at) = (words.id.clone(), words.created_at);
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce)?;
        let purpose = ContentRecord::purpose(&generation_id);
        let sealed = self.vault.seal(&purpose, &words.written(), nonce)?;
        Ok(ContentRecord { generation_id, created_at, sealed })
    }
}

struct Writer {
    stores: Stores,
    seal: Seal,
    inbox: mpsc::Receiver<Entry>,
    requests: mpsc::Receiver<oneshot::Sender<()>>,
    lost: Counter,
}

impl Writer {
    /// Runs until every [`Contents`] is dropped and the queue is empty.
    async fn run(mut self) {
        loop {
            tokio::select! {
                entry = self.inbox.recv() => match entry {
                    Some(entry) => self.write(vec![entry]).await,
                    None => return,
                },
                Some(done) = self.requests.recv() => {
                    while let Ok(entry) = self.inbox.try_recv() {
                        self.write(vec![entry]).await;
                    }
                    // Whoever waited may have gone.
                    done.send(()).unwrap_or_default();
                }
            }
        }
    }

    /// Writes some down, together with what waits behind them.
    async fn write(&mut self, mut batch: Vec<Entry>) {
        while batch.len() < BATCH_MAX
            && let Ok(entry) = self.inbox.try_recv()
        {
            batch.push(entry);
        }
        let count = batch.len();
        let (words, room): (Vec<Words>, Vec<OwnedSemaphorePermit>) =
            batch.into_iter().map(|entry| (*entry.words, entry.room)).unzip();
        let seal = self.seal.clone();
        // Reading a long prompt and sealing it takes milliseconds.
        let sealing = spawn_blocking(move || {
            words
                .into_iter()
                .filter_map(|words| match seal.seal(words) {
                    Ok(sealed) => Some(sealed),
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "what was said can't be sealed");
                        None
                    }
                })
                .collect::<Vec<_>>()
        });
        let sealed = sealing.await.unwrap_or_default();
        let unsealed = count.saturating_sub(sealed.len());
        let unwritten = self.keep(sealed).await;
        drop(room);
        let lost = unsealed.saturating_add(unwritten);
        self.lost.inc_by(u64::try_from(lost).unwrap_or(u64::MAX));
    }

    /// Writes records; says how many were not written.
    async fn keep(&self, records: Vec<ContentRecord>) -> usize {
        let mut pause = PAUSE;
        for tried in 1.. {
            let Err(error) = self.stores.contents.keep(records.clone()).await else { return 0 };
            if tried >= TRIES || matches!(error, StoreError::Closed) {
                tracing::warn!(
                    error = %Chain(&error),
                    calls = records.len(),
                    "what was said can't be written down and is lost"
                );
                break;
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        records.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use tollgate_store::MemoryStore;
    use tollgate_types::Timestamp;
    use tollgate_vault::KEY_BYTES;
    use tollgate_wire::Dialect;

    use super::super::words::Output;
    use super::*;
    use crate::SystemEntropy;

    fn words(at: usize, bytes: usize) -> Words {
        Words {
            id: GenerationId::from_text(&format!("gen-{at}")),
            created_at: Timestamp::from_unix_millis(0),
            input: None,
            output: Output::Whole(Dialect::Chat, Bytes::from(vec![b' '; bytes])),
            failure: None,
        }
    }

    fn contents(stores: &Stores, tasks: &TaskTracker) -> Contents {
        let vault = Arc::new(Vault::of(&[1; KEY_BYTES]).unwrap());
        Contents::start(stores.clone(), vault, Arc::new(SystemEntropy), tasks)
    }

    #[tokio::test]
    async fn what_is_handed_over_is_written_before_the_end() {
        let (stores, tasks) = (MemoryStore::new().into_stores(), TaskTracker::new());
        let contents = contents(&stores, &tasks);
        (0..50).for_each(|at| contents.hand_over(words(at, 0)));
        contents.flush().await;
        assert_eq!(stores.contents.contents_after(None, 100).await.unwrap().len(), 50);
        let id = GenerationId::from_text("gen-7");
        let told = contents.of(&id).await.unwrap().unwrap();
        let nothing = r#"{"completion":null,"reasoning":null}"#;
        let expected =
            format!("{{\"input\":null,\"output\":{nothing},\"error\":null,\"truncated\":false}}");
        assert_eq!(told.get(), expected);
        contents.hand_over(words(99, 0));
        drop(contents);
        tasks.close();
        tasks.wait().await;
        assert_eq!(stores.contents.contents_after(None, 100).await.unwrap().len(), 51);
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_lost_and_counted() {
        let (stores, tasks) = (MemoryStore::new().into_stores(), TaskTracker::new());
        let contents = contents(&stores, &tasks);
        // The writer has no turn before the first wait.
        contents.hand_over(words(1, BYTES_MAX / 2 + 1));
        contents.hand_over(words(2, BYTES_MAX / 2));
        contents.hand_over(words(3, BYTES_MAX / 2 - 1));
        assert_eq!(contents.lost().get(), 1);
        contents.flush().await;
        contents.hand_over(words(4, BYTES_MAX));
        assert_eq!(contents.lost().get(), 1, "there is room again");
        contents.hand_over(words(5, BYTES_MAX + 1));
        assert_eq!(contents.lost().get(), 2);
        contents.flush().await;
        (0..CALLS_MAX + 3).for_each(|at| contents.hand_over(words(100 + at, 0)));
        assert_eq!(contents.lost().get(), 5);
    }

    #[tokio::test]
    async fn a_store_that_fails_costs_the_words_and_nothing_else() {
        let (stores, tasks) = (MemoryStore::new().into_stores(), TaskTracker::new());
        let contents = contents(&stores, &tasks);
        stores.health.close().await;
        (0..20).for_each(|at| contents.hand_over(words(at, 0)));
        contents.flush().await;
        assert_eq!(contents.lost().get(), 20);
    }
}

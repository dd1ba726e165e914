//! Records: all are written, and a store that does not keep up holds calls back.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tollgate_engine::{Heard, RecordJournal, Recorder, Subscription};
use tollgate_store::{
    ArmResult, FacetQuery, Facets, FaultQuery, Faults, GenerationCursor, GenerationRecord,
    GenerationStore, Histogram, HistogramQuery, LogPage, LogQuery, MemoryStore, StoreError, Stores,
};
use tollgate_types::{ApiKey, GenerationId, ModelSlug, Timestamp};

/// A store whose writes wait until they are let through.
struct Gated {
    inner: Arc<dyn GenerationStore>,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl GenerationStore for Gated {
    async fn append_shared(&self, batch: Arc<Vec<GenerationRecord>>) -> Result<u64, StoreError> {
        let _open = self.gate.acquire().await.map_err(StoreError::unavailable)?;
        self.inner.append_shared(batch).await
    }

    async fn get(&self, id: &GenerationId) -> Result<Option<GenerationRecord>, StoreError> {
        self.inner.get(id).await
    }

    async fn recent(
        &self,
        limit: u32,
        before: Option<&GenerationCursor>,
    ) -> Result<Vec<GenerationRecord>, StoreError> {
        self.inner.recent(limit, before).await
    }

    async fn list(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        self.inner.list(query).await
    }

    async fn histogram(&self, query: &HistogramQuery) -> Result<Histogram, StoreError> {
        self.inner.histogram(query).await
    }

    async fn facets(&self, query: &FacetQuery) -> Result<Facets, StoreError> {
        self.inner.facets(query).await
    }

    async fn faults(&self, query: &FaultQuery) -> Result<Faults, StoreError> {
        self.inner.faults(query).await
    }

    async fn arms(&self, since: Timestamp) -> Result<Vec<ArmResult>, StoreError> {
        self.inner.arms(since).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.inner.count().await
    }

    async fn remove_before(&self, before: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.inner.remove_before(before, at_most).await
    }
}

fn record(index: usize) -> GenerationRecord {
    let id = GenerationId::from_text(&format!("gen-1-{index}"));
    let model = ModelSlug::parse("a/b").unwrap();
    GenerationRecord::new(id, ApiKey::from_text("k").plain_hash(), model, Timestamp::default())
}

#[tokio::test(start_paused = true)]
async fn what_was_handed_over_is_written_before_a_flush_returns() {
    let stores = MemoryStore::new().into_stores();
    let recorder =
        Recorder::start(stores.clone(), RecordJournal::default(), &TaskTracker::new(), 10_000);
    for index in 0..3_000 {
        recorder.record(recorder.slot().await.unwrap(), record(index));
    }
    recorder.flush().await;
    assert_eq!(stores.generations.count().await.unwrap(), 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_behind_holds_calls_back_and_loses_none() {
    let gate = Arc::new(Semaphore::new(0));
    let memory = MemoryStore::new().into_stores();
    let gated = Gated { inner: memory.generations.clone(), gate: Arc::clone(&gate) };
    let stores = Stores { generations: Arc::new(gated), ..memory };
    let recorder =
        Recorder::start(stores.clone(), RecordJournal::default(), &TaskTracker::new(), 4);
    for index in 0..4 {
        recorder.record(recorder.slot().await.unwrap(), record(index));
    }
    // Nothing is written, so there is no slot for a fifth call, however long it waits.
    assert!(recorder.slot().await.is_none());
    gate.add_permits(1);
    let slot = recorder.slot().await.unwrap();
    recorder.record(slot, record(4));
    recorder.flush().await;
    assert_eq!(stores.generations.count().await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_told_to_who_listens() {
    let stores = MemoryStore::new().into_stores();
    let recorder =
        Recorder::start(stores.clone(), RecordJournal::default(), &TaskTracker::new(), 10_000);
    let hand_over = async |index| {
        recorder.record(recorder.slot().await.unwrap(), record(index));
        recorder.flush().await;
    };
    // Nobody hears what was before.
    hand_over(0).await;
    let mut listener = recorder.feed().subscribe();
    hand_over(1).await;
    assert_eq!(heard(&mut listener).await, Some(vec![record(1)]));
    let known = stores.generations.get(&record(1).id).await.unwrap();
    assert_eq!(known, Some(record(1)));
    // Who is behind loses the oldest, and is told so.
    for index in 2..40 {
        hand_over(index).await;
    }
    assert_eq!(heard(&mut listener).await, Some(vec![]));
    drop(recorder);
    for index in 24..40 {
        assert_eq!(heard(&mut listener).await, Some(vec![record(index)]));
    }
    assert_eq!(heard(&mut listener).await, None);
}

/// The records that are told next; no records are a gap.
async fn heard(listener: &mut Subscription) -> Option<Vec<GenerationRecord>> {
    Some(match listener.next().await? {
        Heard::Records(records) => records.to_vec(),
        Heard::Gap => Vec::new(),
    })
}

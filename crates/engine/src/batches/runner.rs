//! Taking batches and going on with them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tollgate_store::{BatchRecord, BatchStatus, BatchStep, StoreError};
use tollgate_types::{BatchId, Chain, KeyHash};

use super::work::{LEASE, Work, head_of};
use crate::Engine;

/// Batches that one gateway goes on with at a time: those that wait for a limit hold nobody up.
const AT_ONCE: usize = 64;
/// The same of one key, so that nobody's batches keep those of others waiting.
const AT_ONCE_OF_KEY: usize = 8;
/// Batches that are passed over for that at a time.
const PASSED_OVER: usize = 256;
/// How often it is looked whether another gateway has left a batch.
const LOOKED: Duration = Duration::from_secs(5);
/// How long to wait with a batch that the store failed at.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Engine {
    /// Answers batches until `stop` is cancelled, as the gateway of this name. Requests that are
    /// under way then have a moment to be answered; what has no outcome is left to the next start,
    /// or to another gateway.
    pub async fn answer_batches(self: Arc<Self>, node: Arc<str>, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.config().batches.concurrency));
        let mut under_way: JoinSet<BatchId> = JoinSet::new();
        let mut taken: Vec<(BatchId, KeyHash)> = Vec::new();
        let mut passed_over: Vec<BatchId> = Vec::new();
        loop {
            let has_room = taken.len() < AT_ONCE && passed_over.len() < PASSED_OVER;
            let next = if has_room && !stop.is_cancelled() {
                let except = taken.iter().map(|(id, _)| id).chain(&passed_over).cloned();
                self.claim(&node, &except.collect::<Vec<_>>()).await
            } else {
                None
            };
            if let Some(batch) = next {
                let of_key = taken.iter().filter(|(_, key)| *key == batch.key_hash).count();
                if of_key >= AT_ONCE_OF_KEY {
                    self.leave(&batch.id, &node).await;
                    passed_over.push(batch.id);
                    continue;
                }
                taken.push((batch.id.clone(), batch.key_hash));
                let (engine, node) = (Arc::clone(&self), Arc::clone(&node));
                let (places, stop) = (Arc::clone(&places), stop.clone());
                under_way.spawn(async move { engine.go_on(batch, node, places, stop).await });
                continue;
            }
            if stop.is_cancelled() && under_way.is_empty() {
                return;
            }
            passed_over.clear();
            tokio::select! {
                Some(ended) = under_way.join_next() => match ended {
                    Ok(id) => taken.retain(|(it, _)| *it != id),
                    Err(error) => tracing::error!(error = %Chain(&error), "a batch was given up"),
                },
                () = stop.cancelled(), if !stop.is_cancelled() => {}
                () = self.batch_arrived.notified() => {}
                () = sleep(LOOKED) => {}
            }
        }
    }

    async fn claim(&self, node: &str, taken: &[BatchId]) -> Option<BatchRecord> {
        let now = self.now();
        let until = now.plus(LEASE);
        match self.stores().batches.claim_batch(node, (now, until), taken).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "batches can't be looked for right now");
                None
            }
        }
    }

    /// Gives a batch back that was only looked at.
    async fn leave(&self, id: &BatchId, node: &str) {
        if let Err(error) = self.stores().batches.release_batch(id, node).await {
            tracing::warn!(batch.id = id.as_str(), error = %Chain(&error), "a batch can't be given back right now");
        }
    }

    async fn go_on(
        self: Arc<Self>,
        batch: BatchRecord,
        node: Arc<str>,
        places: Arc<Semaphore>,
        stop: CancellationToken,
    ) -> BatchId {
        let id = batch.id.clone();
        let gone_on = match head_of(&batch) {
            Some(head) => {
                let engine = Arc::clone(&self);
                let node = Arc::clone(&node);
                let ending = stop.child_token();
                let own = self.config().batches.concurrency.div_ceil(2);
                let own_places = Semaphore::new(own);
                let work = Work { engine, node, batch, head, places, own_places, stop, ending };
                Arc::new(work).go_on().await
            }
            None => self.give_up(&batch).await,
        };
        let released = match gone_on {
            Ok(()) => self.stores().batches.release_batch(&id, &node).await,
            Err(error) => Err(error),
        };
        if let Err(error) = released {
            tracing::warn!(batch.id = id.as_str(), error = %Chain(&error), "a batch can't go on right now");
            sleep(AFTER_FAILURE).await;
        }
        id
    }

    /// Ends a batch that was kept by a gateway which knew more than this one.
    async fn give_up(&self, batch: &BatchRecord) -> Result<(), StoreError> {
        let step = BatchStep {
            from: BatchStatus::ALL.into_iter().filter(|it| it.is_due()).collect(),
            to: BatchStatus::Failed,
            at: self.now(),
            error: Some(format!("{} is not known to this gateway", batch.endpoint)),
        };
        self.stores().batches.step_batch(&batch.id, step).await.map(drop)
    }
}

//! Receiving a batch.

use std::sync::Arc;

use bytes::Bytes;
use tollgate_store::{Attribution, BatchRecord, BatchRequest, BatchStatus, BatchTally, StoreError};
use tollgate_types::{BatchId, Chain, Usd};
use tollgate_wire::batch::{BatchCall, BatchHead};

use crate::{CallError, Engine, KeyEntry, Origin};

/// Requests are written once there are so many of them, or so many bytes.
const WRITTEN_AT: usize = 200;
const WRITTEN_AT_BYTES: usize = 1024 * 1024;

/// Why a batch is not taken.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Its requests could not be answered.
    #[error("the requests of the batch could not be answered")]
    Call(#[from] CallError),
    /// It can't be kept.
    #[error("the batch can't be kept")]
    Store(#[from] StoreError),
}

/// A batch that is being received. Dropped before its end, it is as if it had never come.
#[derive(Debug)]
pub struct BatchDraft {
    engine: Arc<Engine>,
    head: BatchHead,
    record: BatchRecord,
    waiting: Vec<BatchRequest>,
    waiting_bytes: usize,
    is_kept: bool,
}

impl BatchDraft {
    /// Begins to receive a batch of this key.
    ///
    /// # Errors
    ///
    /// When the key's account has nothing to pay with, or the store can't be written.
    pub async fn begin(
        engine: &Arc<Engine>,
        key: &KeyEntry,
        head: BatchHead,
        (attribution, region): (Attribution, Option<String>),
    ) -> Result<Self, DraftError> {
        let account = engine.organisation.workspace_of(&key.record).account().clone();
        if engine.is_paid() {
            let balance = engine.stores().ledger.balance(&account).await?;
            if balance.available.saturating_add(balance.held) <= Usd::ZERO {
                return Err(CallError::NoCredit.into());
            }
        }
        let mut random = [0; 24];
        engine.entropy().fill(&mut random).map_err(|_| CallError::NoEntropy)?;
        let created_at = engine.now();
        let window = engine.config().batches.window;
        let record = BatchRecord {
            id: BatchId::new(random),
            key_hash: key.record.hash,
            workspace_id: key.record.workspace_id.clone(),
            endpoint: head.endpoint.as_str().to_owned(),
            model: head.model.clone(),
            only: head.only.clone(),
            region,
            attribution,
            status: BatchStatus::Receiving,
            created_at,
            expires_at: created_at.plus(window),
            finalized_at: None,
            error: None,
            provider: None,
            requests: 0,
            tally: BatchTally::default(),
        };
        engine.stores().batches.open_batch(record.clone()).await?;
        Ok(Self {
            engine: Arc::clone(engine),
            head,
            record,
            waiting: Vec::new(),
            waiting_bytes: 0,
            is_kept: false,
        })
    }

    /// Takes the next request: what it is called and its body. Of the first it is looked whether it
    /// could be sent anywhere. What is wrong with a request in itself is told with the batch's
    /// error, once all of them are looked at.
    ///
    /// # Errors
    ///
    /// When the model is not known, no endpoint may answer it, or the store can't be written.
    pub async fn take(
        &mut self,
        key: &KeyEntry,
        (custom_id, body): (String, String),
        origin: &Origin<'_>,
    ) -> Result<(), DraftError> {
        if self.record.requests == 0
            && let Ok(call) = BatchCall::read(&self.head, Bytes::copy_from_slice(body.as_bytes()))
        {
            self.engine.check_request(key, &call, origin)?;
        }
        self.record.requests = self.record.requests.saturating_add(1);
        self.waiting_bytes = self.waiting_bytes.saturating_add(body.len());
        let (number, body) = (self.record.requests, body.into_bytes());
        self.waiting.push(BatchRequest { number, custom_id, body });
        if self.waiting.len() >= WRITTEN_AT || self.waiting_bytes >= WRITTEN_AT_BYTES {
            self.write().await?;
        }
        Ok(())
    }

    /// Ends it: from now on it is a batch that is answered.
    ///
    /// # Errors
    ///
    /// When the store can't be written.
    pub async fn finish(mut self) -> Result<BatchRecord, DraftError> {
        self.write().await?;
        self.engine.stores().batches.close_batch(&self.record.id).await?;
        self.is_kept = true;
        self.engine.batch_arrived.notify_one();
        Ok(BatchRecord { status: BatchStatus::Validating, ..self.record.clone() })
    }

    async fn write(&mut self) -> Result<(), DraftError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let requests = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        Ok(self.engine.stores().batches.add_requests(&self.record.id, requests).await?)
    }
}

impl Drop for BatchDraft {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let (engine, id) = (Arc::clone(&self.engine), self.record.id.clone());
        self.engine.tasks().spawn(async move {
            if let Err(error) = engine.stores().batches.remove_batch(&id).await {
                tracing::warn!(
                    batch.id = id.as_str(),
                    error = %Chain(&error),
                    "what was received of a batch can't be removed; it is once it is old"
                );
            }
        });
    }
}

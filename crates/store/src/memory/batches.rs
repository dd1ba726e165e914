//! Batches, in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_types::{BatchId, GenerationId, Timestamp};

use super::{MemoryStore, take};
use crate::{
    BatchOutcome, BatchQuery, BatchRecord, BatchRequest, BatchResult, BatchStatus, BatchStep,
    BatchStore, OpenRequest, StoreError,
};

/// Every batch, by its id.
pub(super) type Batches = BTreeMap<BatchId, KeptBatch>;

/// A batch with its requests.
#[derive(Debug)]
pub(super) struct KeptBatch {
    record: BatchRecord,
    lease: Option<BatchLease>,
    /// By their places.
    requests: BTreeMap<u32, KeptRequest>,
}

#[derive(Debug)]
struct BatchLease {
    node: String,
    until: Timestamp,
}

#[derive(Debug)]
struct KeptRequest {
    custom_id: String,
    /// Nothing once there is an outcome: nobody asks for it then.
    body: Vec<u8>,
    begun: Option<GenerationId>,
    outcome: Option<BatchOutcome>,
}

#[async_trait]
impl BatchStore for MemoryStore {
    async fn open_batch(&self, batch: BatchRecord) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.entry(batch.id.clone());
        kept.or_insert(KeptBatch { record: batch, lease: None, requests: BTreeMap::new() });
        Ok(())
    }

    async fn add_requests(
        &self,
        batch: &BatchId,
        requests: Vec<BatchRequest>,
    ) -> Result<(), StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.get_mut(batch).filter(|it| it.is_receiving());
        let kept = kept.ok_or(StoreError::Conflict)?;
        for BatchRequest { number, custom_id, body } in requests {
            let request = KeptRequest { custom_id, body, begun: None, outcome: None };
            kept.requests.entry(number).or_insert(request);
        }
        Ok(())
    }

    async fn close_batch(&self, batch: &BatchId) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.get_mut(batch).filter(|it| it.is_receiving());
        let Some(kept) = kept else { return Ok(false) };
        kept.record.status = BatchStatus::Validating;
        kept.record.requests = u32::try_from(kept.requests.len()).unwrap_or(u32::MAX);
        Ok(true)
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<BatchRecord>, StoreError> {
        Ok(self.state()?.batches.get(id).map(|kept| kept.record.clone()))
    }

    async fn batches(&self, query: &BatchQuery) -> Result<Vec<BatchRecord>, StoreError> {
        let state = self.state()?;
        let is_of = |it: &BatchRecord| {
            query.workspace_id.as_ref().is_none_or(|workspace| it.workspace_id == *workspace)
        };
        let after = match &query.after {
            None => None,
            Some(id) => match state.batches.get(id).filter(|kept| is_of(&kept.record)) {
                None => return Ok(Vec::new()),
                Some(kept) => Some(place(&kept.record)),
            },
        };
        let records = state.batches.values().map(|kept| &kept.record);
        let mut found: Vec<_> = records
            .filter(|it| is_of(it) && wants(query, it))
            .filter(|it| after.is_none_or(|after| place(it) > after))
            .collect();
        found.sort_unstable_by_key(|it| place(it));
        Ok(found.into_iter().take(take(query.limit)).cloned().collect())
    }

    async fn step_batch(&self, id: &BatchId, step: BatchStep) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.get_mut(id);
        let Some(KeptBatch { record, .. }) =
            kept.filter(|it| step.from.contains(&it.record.status))
        else {
            return Ok(false);
        };
        record.status = step.to;
        if step.to.is_terminal() {
            record.finalized_at = Some(step.at);
        }
        if step.error.is_some() {
            record.error = step.error;
        }
        Ok(true)
    }

    async fn claim_batch(
        &self,
        node: &str,
        (now, until): (Timestamp, Timestamp),
        except: &[BatchId],
    ) -> Result<Option<BatchRecord>, StoreError> {
        let mut state = self.state()?;
        let may_claim = |it: &&mut KeptBatch| {
            let is_free = it.lease.as_ref().is_none_or(|it| it.node == node || it.until <= now);
            it.record.status.is_due() && is_free && !except.contains(&it.record.id)
        };
        let due = state.batches.values_mut().filter(may_claim);
        // Of one millisecond the first id comes first, as the map has them.
        let Some(first) = due.min_by_key(|it| it.record.created_at) else { return Ok(None) };
        first.lease = Some(BatchLease { node: node.to_owned(), until });
        Ok(Some(first.record.clone()))
    }

    async fn renew_batch(
        &self,
        id: &BatchId,
        node: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.get_mut(id).filter(|it| it.is_open_to(node));
        let Some(kept) = kept else { return Ok(false) };
        kept.lease = Some(BatchLease { node: node.to_owned(), until });
        Ok(true)
    }

    async fn release_batch(&self, id: &BatchId, node: &str) -> Result<(), StoreError> {
        let mut state = self.state()?;
        if let Some(kept) = state.batches.get_mut(id).filter(|it| it.is_open_to(node)) {
            kept.lease = None;
        }
        Ok(())
    }

    async fn open_requests(
        &self,
        id: &BatchId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<OpenRequest>, StoreError> {
        let state = self.state()?;
        let open = behind(&state.batches, id, after).filter(|(_, it)| it.outcome.is_none());
        let requests = open.map(|(number, it)| OpenRequest {
            request: BatchRequest {
                number,
                custom_id: it.custom_id.clone(),
                body: it.body.clone(),
            },
            begun: it.begun.clone(),
        });
        Ok(requests.take(take(limit)).collect())
    }

    async fn begin_request(
        &self,
        (id, number): (&BatchId, u32),
        node: &str,
        generation: &GenerationId,
    ) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.get_mut(id).filter(|it| it.is_open_to(node));
        let request = kept.and_then(|it| it.requests.get_mut(&number));
        let Some(request) = request.filter(|it| it.outcome.is_none()) else { return Ok(false) };
        request.begun = Some(generation.clone());
        Ok(true)
    }

    async fn finish_request(
        &self,
        (id, number): (&BatchId, u32),
        node: &str,
        outcome: BatchOutcome,
    ) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let kept = state.batches.get_mut(id).filter(|it| it.is_open_to(node));
        let Some(KeptBatch { record, requests, .. }) = kept else { return Ok(false) };
        let request = requests.get_mut(&number).filter(|it| it.outcome.is_none());
        let Some(request) = request else { return Ok(false) };
        record.tally.add(&outcome);
        if outcome.provider.is_some() {
            record.provider.clone_from(&outcome.provider);
        }
        request.outcome = Some(outcome);
        request.body = Vec::new();
        Ok(true)
    }

    async fn batch_results(
        &self,
        id: &BatchId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<BatchResult>, StoreError> {
        let state = self.state()?;
        let results = behind(&state.batches, id, after).map(|(number, it)| BatchResult {
            number,
            custom_id: it.custom_id.clone(),
            outcome: it.outcome.clone(),
        });
        Ok(results.take(take(limit)).collect())
    }

    async fn remove_batch(&self, id: &BatchId) -> Result<bool, StoreError> {
        Ok(self.state()?.batches.remove(id).is_some())
    }

    async fn remove_batches_before(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let age = |it: &KeptBatch| match it.record.finalized_at {
            None if it.is_receiving() => Some(it.record.created_at),
            ended => ended,
        };
        let aged = state.batches.iter().filter_map(|(id, it)| Some((age(it)?, id.clone())));
        let mut old: Vec<_> = aged.filter(|(at, _)| *at < before).collect();
        old.sort_unstable();
        old.truncate(take(at_most));
        for (_, id) in &old {
            state.batches.remove(id);
        }
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }
}

impl KeptBatch {
    fn is_receiving(&self) -> bool {
        self.record.status == BatchStatus::Receiving
    }

    /// Whether no other node has the lease.
    fn is_open_to(&self, node: &str) -> bool {
        self.lease.as_ref().is_none_or(|it| it.node == node)
    }
}

/// Where a batch stands in a list.
fn place(record: &BatchRecord) -> (Reverse<Timestamp>, &BatchId) {
    (Reverse(record.created_at), &record.id)
}

fn wants(query: &BatchQuery, record: &BatchRecord) -> bool {
    let has_status = match query.statuses.as_slice() {
        [] => record.status != BatchStatus::Receiving,
        statuses => statuses.contains(&record.status),
    };
    has_status
        && query.created_after.is_none_or(|after| record.created_at >= after)
        && query.created_before.is_none_or(|before| record.created_at < before)
}

/// The requests of a batch behind a place.
fn behind<'a>(
    batches: &'a Batches,
    id: &BatchId,
    after: u32,
) -> impl Iterator<Item = (u32, &'a KeptRequest)> + use<'a> {
    let requests = batches.get(id).into_iter().flat_map(|it| &it.requests);
    requests.map(|(number, it)| (*number, it)).skip_while(move |(number, _)| *number <= after)
}

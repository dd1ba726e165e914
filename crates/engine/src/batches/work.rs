//! Going on with one batch, from wherever it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tollgate_store::{
    BatchOutcome, BatchRecord, BatchStatus, BatchStep, BatchStore, OpenRequest, StoreError,
};
use tollgate_types::{Chain, GenerationId};
use tollgate_wire::batch::{BatchCall, BatchEndpoint, BatchHead};
use tollgate_wire::error::ErrorType;

use super::answering::{Tried, refused, unauthorised};
use crate::Engine;

/// How long nobody else may take a batch over.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// How often the lease is kept, and looked whether the batch shall end.
const TENDED: Duration = Duration::from_secs(1);
/// How long requests may still be answered once the gateway stops.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests are read at once: they may be long.
const PAGE: u32 = 16;
/// Requests of one batch under way or waiting to be tried again, for each place there is.
const WAITING_PER_PLACE: usize = 4;

/// One batch that this gateway goes on with.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) engine: Arc<Engine>,
    pub(super) node: Arc<str>,
    pub(super) batch: BatchRecord,
    pub(super) head: BatchHead,
    /// One for each request that may be under way at this gateway.
    pub(super) places: Arc<Semaphore>,
    /// One for each of this batch's: no provider that hangs holds all of the others up.
    pub(super) own_places: Semaphore,
    /// Cancelled when the gateway stops.
    pub(super) stop: CancellationToken,
    /// Cancelled when no further request shall be begun; by the above, too.
    pub(super) ending: CancellationToken,
}

/// Why requests are no longer begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All of them have an outcome.
    Done,
    /// The batch's time is over.
    Expired,
    /// Somebody wants it to end.
    Cancelled,
    /// The gateway stops, or another one has the batch.
    Elsewhere,
}

/// What comes of looking at all requests.
#[derive(Debug)]
enum Checked {
    /// Each can be asked.
    Right,
    /// What is wrong with the first that can't.
    Wrong(String),
    /// Another gateway has the batch.
    Elsewhere,
}

/// What a batch says of all its requests, as it is kept.
pub(super) fn head_of(batch: &BatchRecord) -> Option<BatchHead> {
    let endpoint = BatchEndpoint::parse(&batch.endpoint)?;
    Some(BatchHead { endpoint, model: batch.model.clone(), only: batch.only.clone() })
}

impl Work {
    /// Goes on with the batch until it has ended, or has to be left to whoever comes next.
    pub(super) async fn go_on(self: Arc<Self>) -> Result<(), StoreError> {
        use BatchStatus::{
            Cancelled, Cancelling, Completed, Expired, Failed, Finalizing, InProgress, Validating,
        };
        let mut status = self.batch.status;
        if status == Validating {
            status = match self.check().await? {
                Checked::Elsewhere => return Ok(()),
                Checked::Wrong(what) => {
                    return self.step(&[Validating], Failed, Some(what)).await.map(drop);
                }
                Checked::Right if self.step(&[Validating], InProgress, None).await? => InProgress,
                // Cancelled meanwhile.
                Checked::Right => Cancelling,
            };
        }
        if status == InProgress {
            status = match Arc::clone(&self).answer_all().await? {
                Ended::Elsewhere => return Ok(()),
                Ended::Expired => {
                    self.repay_lost().await?;
                    return self.step(&[InProgress, Cancelling], Expired, None).await.map(drop);
                }
                Ended::Done if self.step(&[InProgress], Finalizing, None).await? => Finalizing,
                Ended::Done | Ended::Cancelled => Cancelling,
            };
        }
        if status == Finalizing {
            return self.step(&[Finalizing], Completed, None).await.map(drop);
        }
        self.repay_lost().await?;
        self.step(&[Cancelling], Cancelled, None).await.map(drop)
    }

    /// Pays back what calls cost whose answers were lost, for requests that nobody asks anew.
    async fn repay_lost(&self) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let page = self.batches().open_requests(&self.batch.id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.request.number;
            for lost in page.iter().filter_map(|open| open.begun.as_ref()) {
                self.engine.repay(lost).await?;
            }
        }
    }

    fn batches(&self) -> &dyn BatchStore {
        self.engine.stores().batches.as_ref()
    }

    async fn step(
        &self,
        from: &[BatchStatus],
        to: BatchStatus,
        error: Option<String>,
    ) -> Result<bool, StoreError> {
        let step = BatchStep { from: from.to_vec(), to, at: self.engine.now(), error };
        self.batches().step_batch(&self.batch.id, step).await
    }

    /// Looks at every request before the first is answered (contract §1.1).
    async fn check(&self) -> Result<Checked, StoreError> {
        let mut after = 0;
        loop {
            let page = self.batches().open_requests(&self.batch.id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Checked::Right) };
            after = last.request.number;
            for OpenRequest { request, .. } in page {
                if let Err(error) = BatchCall::read(&self.head, Bytes::from(request.body)) {
                    let place = request.number.saturating_sub(1);
                    return Ok(Checked::Wrong(format!(
                        "requests[{place}] (custom_id \"{}\"): {}",
                        request.custom_id,
                        error.message()
                    )));
                }
            }
            if !self.keep().await? {
                return Ok(Checked::Elsewhere);
            }
        }
    }

    /// Keeps the lease; `false` when another gateway has it.
    async fn keep(&self) -> Result<bool, StoreError> {
        let until = self.engine.now().plus(LEASE);
        self.batches().renew_batch(&self.batch.id, &self.node, until).await
    }

    /// Answers every request that has no outcome.
    ///
    /// Where the store fails no further request is begun, and those that are under way are answered
    /// and kept once it is back: they are paid for.
    async fn answer_all(self: Arc<Self>) -> Result<Ended, StoreError> {
        let most = self.engine.config().batches.concurrency.saturating_mul(WAITING_PER_PLACE);
        let mut under_way = JoinSet::new();
        let (mut page, mut after) = (VecDeque::new(), 0);
        let mut ended = self.tend().await.map_or_else(|error| Some(Err(error)), |it| it.map(Ok));
        let mut ticks = interval(TENDED);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while ended.is_none() && under_way.len() < most.max(1) {
                match self.next_request(&mut page, after).await {
                    Ok(Some(open)) => {
                        after = open.request.number;
                        under_way.spawn(Arc::clone(&self).answer(open));
                    }
                    Ok(None) => break,
                    Err(error) => ended = Some(Err(error)),
                }
            }
            if under_way.is_empty() {
                return ended.unwrap_or(Ok(Ended::Done));
            }
            tokio::select! {
                Some(answered) = under_way.join_next() => match answered {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => ended = Some(Err(error)),
                    Err(error) => tracing::error!(error = %Chain(&error), "a batch's request failed"),
                },
                // What is under way when it ends is still answered: it is paid for.
                _ = ticks.tick() => match self.tend().await {
                    Ok(over) => ended = ended.or(over.map(Ok)),
                    Err(error) => ended = Some(Err(error)),
                },
                () = self.stop.cancelled() => {
                    // What is not answered by then is answered by whoever comes next.
                    let answered = async { while under_way.join_next().await.is_some() {} };
                    drop(timeout(PATIENCE, answered).await);
                    return Ok(Ended::Elsewhere);
                }
            }
            if ended.is_some() {
                self.ending.cancel();
            }
        }
    }

    /// The next request without an outcome.
    async fn next_request(
        &self,
        page: &mut VecDeque<OpenRequest>,
        after: u32,
    ) -> Result<Option<OpenRequest>, StoreError> {
        if page.is_empty() {
            *page = self.batches().open_requests(&self.batch.id, after, PAGE).await?.into();
        }
        Ok(page.pop_front())
    }

    /// Keeps the lease and looks whether the batch shall end.
    async fn tend(&self) -> Result<Option<Ended>, StoreError> {
        if !self.keep().await? {
            return Ok(Some(Ended::Elsewhere));
        }
        if self.engine.now() >= self.batch.expires_at {
            return Ok(Some(Ended::Expired));
        }
        let now = self.batches().batch(&self.batch.id).await?;
        Ok(match now.map(|batch| batch.status) {
            Some(BatchStatus::InProgress) => None,
            Some(BatchStatus::Cancelling) => Some(Ended::Cancelled),
            _ => Some(Ended::Elsewhere),
        })
    }

    /// Answers one request, as often as it takes, and keeps what came of it.
    async fn answer(self: Arc<Self>, open: OpenRequest) -> Result<(), StoreError> {
        let OpenRequest { request, begun } = open;
        if let Some(lost) = &begun {
            self.engine.repay(lost).await?;
        }
        let mut failures = 0;
        loop {
            let tried = {
                let places =
                    async { (self.own_places.acquire().await, self.places.acquire().await) };
                let Some((Ok(_own), Ok(_place))) = self.ending.run_until_cancelled(places).await
                else {
                    return Ok(());
                };
                let Some(tried) = self.try_once(&request.body, request.number, failures).await?
                else {
                    return Ok(());
                };
                tried
            };
            match tried {
                Tried::Later { wait, is_failure, .. } if self.has_time_for(wait) => {
                    failures = failures.saturating_add(usize::from(is_failure));
                    if self.ending.run_until_cancelled(sleep(wait)).await.is_none() {
                        return Ok(());
                    }
                }
                Tried::Later { outcome, .. } | Tried::Done(outcome) => {
                    return self.keep_outcome(request.number, outcome).await;
                }
            }
        }
    }

    fn has_time_for(&self, wait: Duration) -> bool {
        self.engine.now().plus(wait) < self.batch.expires_at
    }

    /// Asks once; `None` when somebody else has the batch by now.
    async fn try_once(
        &self,
        body: &[u8],
        number: u32,
        failures: usize,
    ) -> Result<Option<Tried>, StoreError> {
        let now = self.engine.now();
        let key = match self.engine.keys().still(self.batch.key_hash, now).await {
            Ok(key) => key,
            Err(error) => return Ok(Some(unauthorised(&error))),
        };
        let call = match BatchCall::read(&self.head, Bytes::copy_from_slice(body)) {
            Ok(call) => call,
            Err(error) => {
                let outcome = refused(error.error_type(), error.message(), None);
                return Ok(Some(Tried::Done(outcome)));
            }
        };
        let mut random = [0; 20];
        if self.engine.entropy().fill(&mut random).is_err() {
            let outcome = refused(ErrorType::Server, "Internal Server Error", None);
            return Ok(Some(Tried::Done(outcome)));
        }
        let id = GenerationId::of_batch(now, random);
        let place = (&self.batch.id, number);
        if !self.batches().begin_request(place, &self.node, &id).await? {
            return Ok(None);
        }
        Ok(Some(self.engine.ask_once(&self.batch, key, call, (&id, failures)).await))
    }

    /// Keeps what came of a request, however long the store is away: it is paid for. Where another
    /// gateway has the batch by now and answers it anew, it is paid back.
    async fn keep_outcome(&self, number: u32, outcome: BatchOutcome) -> Result<(), StoreError> {
        let mut is_told = false;
        loop {
            let (place, outcome_kept) = ((&self.batch.id, number), outcome.clone());
            let error = match self.batches().finish_request(place, &self.node, outcome_kept).await {
                Ok(true) => return Ok(()),
                Ok(false) => match self.repay_unless_kept(number, &outcome).await {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            // Once, however often it is tried: there may be as many of them as places.
            if !is_told {
                tracing::warn!(
                    batch.id = self.batch.id.as_str(),
                    error = %Chain(&error),
                    "an answer of a batch can't be kept right now; it is tried again"
                );
                is_told = true;
            }
            sleep(TENDED).await;
        }
    }

    /// Pays back what an outcome cost that was not kept. It may have been, where only the store's
    /// answer was lost.
    async fn repay_unless_kept(
        &self,
        number: u32,
        outcome: &BatchOutcome,
    ) -> Result<(), StoreError> {
        let Some(call) = &outcome.generation_id else { return Ok(()) };
        let before = number.saturating_sub(1);
        let kept = self.batches().batch_results(&self.batch.id, before, 1).await?;
        let kept = kept.first().filter(|it| it.number == number);
        let kept = kept.and_then(|it| it.outcome.as_ref()?.generation_id.as_ref());
        if kept == Some(call) { Ok(()) } else { self.engine.repay(call).await }
    }
}

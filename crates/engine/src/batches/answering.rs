//! Answering one request of a batch.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use tokio::time::Instant;
use tollgate_ledger::{Kind, Movement};
use tollgate_store::{Attribution, BatchOutcome, BatchRecord, StoreError};
use tollgate_types::{GenerationId, Usd};
use tollgate_wire::batch::BatchCall;
use tollgate_wire::chat::UsageView;
use tollgate_wire::error::ErrorType;

use super::BatchTerms;
use crate::asked::Asked;
use crate::run::Run;
use crate::{AuthError, CallError, CallFailure, Engine, KeyEntry, Operated};

/// What came of asking once.
#[derive(Debug)]
pub(super) enum Tried {
    /// This is what came of the request.
    Done(BatchOutcome),
    /// This is, unless there is time to ask again.
    Later {
        /// What it is then.
        outcome: BatchOutcome,
        /// When to ask again.
        wait: Duration,
        /// Whether a provider has failed; else it was only too early.
        is_failure: bool,
    },
}

/// How long to wait before a request is asked again that providers failed at, by how often they
/// did.
const AFTER_FAILURE: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(2)];
/// The same of one that is only too early, where nobody says how early.
const WHEN_EARLY: Duration = Duration::from_secs(5);
const WHEN_AWAY: Duration = Duration::from_secs(1);

impl Engine {
    /// Asks once, with the id of the call. `failures` says how often providers have failed at it.
    pub(super) async fn ask_once(
        self: &Arc<Self>,
        batch: &BatchRecord,
        key: Arc<KeyEntry>,
        call: BatchCall,
        (id, failures): (&GenerationId, usize),
    ) -> Tried {
        let headers = HeaderMap::new();
        let answered = match call {
            BatchCall::Generate(call) => {
                match self.prepared(self.run_of(batch, key, call, id), &headers).await {
                    Ok(run) => Box::pin(self.whole(run)).await.map(|(reply, usage)| {
                        outcome_of(id, reply.provider, &usage, reply.body.into())
                    }),
                    Err(failure) => Err(failure),
                }
            }
            BatchCall::Embed(call) => {
                let run = self.run_of(batch, key, call, id);
                Box::pin(self.operated(run, &headers)).await.map(|answer| {
                    if let (Operated::Whole { provider, answer, .. }, Some(usage)) = answer {
                        return outcome_of(id, provider, &usage, answer.body);
                    }
                    let what = "The answer is none that a batch can keep";
                    refused(ErrorType::Server, what, Some(id))
                })
            }
        };
        match answered {
            Ok(outcome) => Tried::Done(outcome),
            Err(CallFailure { error, .. }) => failed(&error, id, failures),
        }
    }

    /// A call that answers a request of a batch, under the id it was given.
    fn run_of<C: Asked>(
        self: &Arc<Self>,
        batch: &BatchRecord,
        key: Arc<KeyEntry>,
        call: C,
        id: &GenerationId,
    ) -> Box<Run<C>> {
        let attribution = Attribution {
            external_user: call.params().user.clone(),
            session_id: call.params().session_id.clone(),
            ..batch.attribution.clone()
        };
        let mut run = self.admit(key, call, (attribution, batch.region.clone(), Instant::now()));
        run.id = id.clone();
        run.batch = Some(BatchTerms { discount: self.config().batches.discount });
        run
    }

    /// Pays back what a call cost whose answer was lost with the gateway that had asked for it.
    pub(super) async fn repay(&self, lost: &GenerationId) -> Result<(), StoreError> {
        // It may have ended a moment ago and be on its way to the store.
        self.recorder().flush().await;
        let Some(record) = self.stores().generations.get(lost).await? else { return Ok(()) };
        if record.paid_by.is_none() || record.cost == Usd::ZERO {
            return Ok(());
        }
        let id = format!("{lost}/repaid");
        let account = record.account;
        let repaid = Movement {
            reference: Some(lost.to_string()),
            note: Some(
                "The answer to a request of a batch was lost with the gateway that had it"
                    .to_owned(),
            ),
            ..Movement::new(&id, account, Kind::Repayment, record.cost, self.now())
        };
        self.stores().ledger.post(vec![repaid]).await.map(drop)
    }
}

/// A request whose key may not be used, or not now.
pub(super) fn unauthorised(error: &AuthError) -> Tried {
    let outcome = refused(ErrorType::Authentication, &error.to_string(), None);
    match error {
        AuthError::Unavailable => Tried::Later { outcome, wait: WHEN_AWAY, is_failure: false },
        _ => Tried::Done(outcome),
    }
}

/// What came of a request that was not answered.
pub(super) fn refused(
    error_type: ErrorType,
    message: &str,
    id: Option<&GenerationId>,
) -> BatchOutcome {
    let error = json!({
        "code": error_type.status(),
        "message": message,
        "type": error_type.as_str(),
        "param": null,
    });
    BatchOutcome {
        status: error_type.status(),
        generation_id: id.cloned(),
        body: error.to_string().into_bytes(),
        provider: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        cost: Usd::ZERO,
        is_byok: false,
    }
}

fn outcome_of(
    id: &GenerationId,
    provider: String,
    view: &UsageView,
    body: Vec<u8>,
) -> BatchOutcome {
    BatchOutcome {
        status: 200,
        generation_id: Some(id.clone()),
        body,
        provider: Some(provider),
        prompt_tokens: view.usage.prompt_tokens,
        completion_tokens: view.usage.completion_tokens,
        cost: view.cost,
        is_byok: view.is_byok,
    }
}

fn failed(error: &CallError, id: &GenerationId, failures: usize) -> Tried {
    let outcome = refused(error.error_type(), &error.body().error.message, Some(id));
    match pause(error, failures) {
        Some((wait, is_failure)) => Tried::Later { outcome, wait, is_failure },
        None => Tried::Done(outcome),
    }
}

/// How long to wait before asking again, and whether that is because a provider has failed; `None`
/// where it would not help.
fn pause(error: &CallError, failures: usize) -> Option<(Duration, bool)> {
    let said = error.retry_after();
    let early = |wait| (wait, false);
    match error {
        // What is held or used up comes back.
        CallError::InFlight { .. } | CallError::StoreBehind => {
            Some(early(said.unwrap_or(WHEN_AWAY)))
        }
        CallError::FeeDue { why, .. } => pause(why, failures),
        CallError::Limited(_) => said.map(early),
        CallError::PlanExhausted { .. } => match error.error_type() {
            ErrorType::RateLimitExceeded => Some(early(said.unwrap_or(WHEN_EARLY))),
            ErrorType::ProviderUnavailable
            | ErrorType::ProviderOverloaded
            | ErrorType::Timeout
            | ErrorType::RequestTimeout => {
                let wait = AFTER_FAILURE.get(failures)?;
                Some((said.unwrap_or(*wait).max(*wait), true))
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tollgate_providers::{Fault, FaultKind};

    use super::*;

    fn exhausted(kind: FaultKind, retry_after: Option<Duration>) -> CallError {
        let fault = Fault { retry_after, ..Fault::new(kind) };
        let faults = vec![("Acme".to_owned(), fault)];
        CallError::PlanExhausted { models: Vec::new(), faults, own_keys: Vec::new() }
    }

    #[test]
    fn what_may_pass_is_waited_for() {
        let seconds = Duration::from_secs;
        for (error, failures, expected) in [
            (CallError::InFlight { limit: None }, 900, Some((seconds(1), false))),
            (CallError::StoreBehind, 900, Some((seconds(1), false))),
            (CallError::NoCredit, 0, None),
            (exhausted(FaultKind::RateLimited, None), 900, Some((seconds(5), false))),
            (exhausted(FaultKind::RateLimited, Some(seconds(40))), 9, Some((seconds(40), false))),
            (exhausted(FaultKind::Timeout, None), 0, Some((seconds(5), true))),
            (exhausted(FaultKind::Timeout, Some(seconds(9))), 0, Some((seconds(9), true))),
            (exhausted(FaultKind::Timeout, Some(seconds(9))), 2, Some((seconds(120), true))),
            (exhausted(FaultKind::Timeout, None), 3, None),
            (exhausted(FaultKind::BadRequest, None), 0, None),
        ] {
            assert_eq!(pause(&error, failures), expected, "{error:?}");
        }
    }

    #[test]
    fn an_error_says_what_and_which_call() {
        let id = GenerationId::from_text("gen-batch-1-x");
        let Tried::Done(outcome) = failed(&CallError::NoCredit, &id, 0) else {
            panic!("tried again")
        };
        assert_eq!((outcome.status, outcome.generation_id), (402, Some(id)));
        let error: serde_json::Value = serde_json::from_slice(&outcome.body).unwrap();
        assert_eq!((&error["code"], &error["type"]), (&json!(402), &json!("payment_required")));
        assert!(error["message"].as_str().unwrap().starts_with("Insufficient credits"));
    }
}

//! Batches as the contract shows them (§1.1).

use std::io;

use bytes::Bytes;
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_store::{BatchOutcome, BatchRecord, BatchResult, BatchStatus};
use tollgate_types::{BatchId, Chain, Timestamp};
use tollgate_wire::batch::COMPLETION_WINDOW;
use tollgate_wire::json::UsdNumber;

use crate::router::App;

/// A batch, without its results.
#[derive(Debug, Serialize)]
pub(crate) struct BatchView {
    id: String,
    object: &'static str,
    endpoint: String,
    model: String,
    completion_window: &'static str,
    status: &'static str,
    created_at: i64,
    expires_at: i64,
    finalized_at: Option<i64>,
    provider: Option<String>,
    request_counts: RequestCounts,
    usage: Option<UsageSums>,
    error: Option<BatchErrorView>,
    results: Option<()>,
}

#[derive(Debug, Serialize)]
struct RequestCounts {
    total: u32,
    completed: u32,
    failed: u32,
}

#[derive(Debug, Serialize)]
struct UsageSums {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cost: UsdNumber,
    is_byok: bool,
}

#[derive(Debug, Serialize)]
struct BatchErrorView {
    message: String,
}

impl BatchView {
    pub(super) fn of(batch: &BatchRecord) -> Self {
        let tally = batch.tally;
        let usage = (tally.completed > 0).then(|| UsageSums {
            prompt_tokens: tally.prompt_tokens,
            completion_tokens: tally.completion_tokens,
            total_tokens: tally.prompt_tokens.saturating_add(tally.completion_tokens),
            cost: UsdNumber(tally.cost),
            is_byok: tally.with_own_keys == tally.completed,
        });
        Self {
            id: batch.id.to_string(),
            object: "batch",
            endpoint: batch.endpoint.clone(),
            model: batch.model.clone(),
            completion_window: COMPLETION_WINDOW,
            status: batch.status.as_str(),
            created_at: batch.created_at.unix_seconds(),
            expires_at: batch.expires_at.unix_seconds(),
            finalized_at: batch.finalized_at.map(Timestamp::unix_seconds),
            provider: batch.provider.clone(),
            request_counts: RequestCounts {
                total: batch.requests,
                completed: tally.completed,
                failed: tally.failed,
            },
            usage,
            error: batch.error.clone().map(|message| BatchErrorView { message }),
            results: None,
        }
    }
}

/// What came of one request: an answer, or an error.
#[derive(Debug, Serialize)]
struct ResultView<'a> {
    id: String,
    custom_id: &'a str,
    response: Option<AnswerView<'a>>,
    error: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
struct AnswerView<'a> {
    status_code: u16,
    request_id: &'a str,
    body: &'a RawValue,
}

/// How many results are read at once.
const PAGE: u32 = 64;
/// What the object ends with where its results are not known yet.
const END: &str = "null}";

/// A batch that has ended, as JSON with its results, which are read as they are taken.
pub(super) fn with_results(
    app: App,
    batch: BatchRecord,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let head = serde_json::to_string(&BatchView::of(&batch)).unwrap_or_default();
    let head = head.strip_suffix(END).map(|head| format!("{head}["));
    let head = head.unwrap_or_default();
    let parts = unfold((app, batch, Some(head), Some(0)), |(app, batch, head, after)| async move {
        if let Some(head) = head {
            return Some((Ok(Bytes::from(head)), (app, batch, None, after)));
        }
        let begins = after?;
        // One that failed was not begun: there are no results.
        let results = match batch.status {
            BatchStatus::Failed => Ok(Vec::new()),
            _ => app.engine.stores().batches.batch_results(&batch.id, begins, PAGE).await,
        };
        let results = match results {
            Ok(results) => results,
            Err(error) => {
                tracing::warn!(batch.id = batch.id.as_str(), error = %Chain(&error), "results can't be read");
                return Some((Err(io::Error::other(error)), (app, batch, None, None)));
            }
        };
        let Some(last) = results.last().map(|last| last.number) else {
            if begins < batch.requests && batch.status != BatchStatus::Failed {
                // An answer that is cut off is no whole one with fewer results.
                let gone = io::Error::other("the batch was deleted while it was read");
                return Some((Err(gone), (app, batch, None, None)));
            }
            return Some((Ok(Bytes::from_static(b"]}")), (app, batch, None, None)));
        };
        let mut out = Vec::new();
        for result in &results {
            if result.number > 1 {
                out.push(b',');
            }
            write_result(&mut out, &batch, result);
        }
        Some((Ok(Bytes::from(out)), (app, batch, None, Some(last))))
    });
    // Who compresses it looks behind its end.
    parts.fuse()
}

fn write_result(out: &mut Vec<u8>, batch: &BatchRecord, result: &BatchResult) {
    let begun = out.len();
    let unanswered = unanswered(batch.status);
    let view = view_of(&batch.id, result, &unanswered);
    if serde_json::to_writer(&mut *out, &view).is_err() {
        out.truncate(begun);
        out.extend_from_slice(b"null");
    }
}

fn view_of<'a>(
    batch: &BatchId,
    result: &'a BatchResult,
    unanswered: &'a RawValue,
) -> ResultView<'a> {
    let raw = |outcome: &'a BatchOutcome| {
        serde_json::from_slice::<&RawValue>(&outcome.body).unwrap_or(RawValue::NULL)
    };
    let (response, error) = match &result.outcome {
        Some(outcome) if outcome.is_answer() => {
            let request_id = outcome.generation_id.as_ref().map_or("", |id| id.as_str());
            let status_code = outcome.status;
            (Some(AnswerView { status_code, request_id, body: raw(outcome) }), None)
        }
        Some(outcome) => (None, Some(raw(outcome))),
        None => (None, Some(unanswered)),
    };
    ResultView {
        id: batch.of_request(result.number),
        custom_id: &result.custom_id,
        response,
        error,
    }
}

/// What is said of a request that has no outcome.
fn unanswered(status: BatchStatus) -> Box<RawValue> {
    let kind = match status {
        BatchStatus::Expired => "batch_expired",
        _ => "batch_cancelled",
    };
    let error = serde_json::json!({
        "code": null,
        "message": "The batch ended before this request was answered",
        "type": kind,
        "param": null,
    });
    serde_json::value::to_raw_value(&error).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

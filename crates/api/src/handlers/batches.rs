//! Batches (contract §1.1): submitting, polling, listing, ending and deleting them. What is not the
//! contract's: a batch that has not ended can be cancelled.

mod submit;
mod view;

pub(crate) use submit::create_batch;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tollgate_engine::KeyEntry;
use tollgate_organisation::Area;
use tollgate_store::{BatchQuery, BatchRecord, BatchStatus, BatchStep};
use tollgate_types::{BatchId, Timestamp};
use tollgate_wire::error::ErrorType;

use self::view::{BatchView, with_results};
use super::generate::json_response;
use super::generation::may_see;
use crate::auth::{Acting, AnyKey};
use crate::error::ApiError;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// How many a page has at most, and unless the caller says (contract §1.1).
const PAGE_MAX: u32 = 100;
const PAGE: u32 = 20;

/// A page of batches.
#[derive(Debug, Serialize)]
pub(crate) struct BatchList {
    object: &'static str,
    data: Vec<BatchView>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// A batch that is gone.
#[derive(Debug, Serialize)]
pub(crate) struct DeletedBatch {
    id: String,
    object: &'static str,
    deleted: bool,
}

/// One batch, with what came of its requests once it has ended.
pub(crate) async fn get_batch(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    PathOf(id): PathOf<String>,
) -> Result<Response, ApiError> {
    let batch = find(&app, &key, &id).await?;
    if batch.status.is_terminal() {
        return Ok(json_response(Body::from_stream(with_results(app, batch))));
    }
    let view = BatchView::of(&batch);
    let body = serde_json::to_vec(&view).map_err(|error| ApiError::internal(&error))?;
    Ok(json_response(Body::from(body)))
}

/// The batches of the key's workspace, the newest first.
pub(crate) async fn list_batches(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    Params(asked): Params<Vec<(String, String)>>,
) -> Result<Json<BatchList>, ApiError> {
    let mut query = BatchQuery { limit: PAGE, ..BatchQuery::default() };
    for (name, value) in asked {
        read_member(&mut query, &name, &value)?;
    }
    query.workspace_id = Some(match query.workspace_id {
        None => key.record.workspace_id.clone(),
        Some(named) => {
            let workspace = app.engine.organisation().workspace(&named);
            workspace.map_or(named, |it| it.document.id.clone())
        }
    });
    let workspace = query.workspace_id.as_deref().unwrap_or_default();
    if !may_see(&app, &key, Area::Keys, workspace) {
        return Err(crate::auth::no_such_workspace());
    }
    let wanted = query.limit;
    query.limit = wanted.saturating_add(1);
    let mut batches = app.engine.stores().batches.batches(&query).await?;
    let has_more = u32::try_from(batches.len()).is_ok_and(|found| found > wanted);
    if has_more {
        batches.pop();
    }
    let id = |batch: Option<&BatchRecord>| batch.map(|batch| batch.id.to_string());
    Ok(Json(BatchList {
        object: "list",
        first_id: id(batches.first()),
        last_id: id(batches.last()),
        data: batches.iter().map(BatchView::of).collect(),
        has_more,
    }))
}

/// Ends a batch: no further request of it is begun.
pub(crate) async fn cancel_batch(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(id): PathOf<String>,
) -> Result<Json<BatchView>, ApiError> {
    let batch = find(&app, &key, &id).await?;
    let step = BatchStep {
        from: vec![BatchStatus::Validating, BatchStatus::InProgress],
        to: BatchStatus::Cancelling,
        at: app.engine.now(),
        error: None,
    };
    app.engine.stores().batches.step_batch(&batch.id, step).await?;
    let batch = find(&app, &key, &id).await?;
    if !matches!(batch.status, BatchStatus::Cancelling | BatchStatus::Cancelled) {
        let status = batch.status.as_str();
        return Err(conflict(format!("The batch is {status}: there is nothing left to cancel")));
    }
    Ok(Json(BatchView::of(&batch)))
}

/// Deletes a batch that has ended, with its results.
pub(crate) async fn delete_batch(
    State(app): State<App>,
    Acting(key): Acting,
    PathOf(id): PathOf<String>,
) -> Result<Json<DeletedBatch>, ApiError> {
    let batch = find(&app, &key, &id).await?;
    if !batch.status.is_terminal() {
        let status = batch.status.as_str();
        return Err(conflict(format!(
            "The batch is {status}. Cancel it with POST /api/v1/batches/{id}/cancel, or wait until it has ended"
        )));
    }
    app.engine.stores().batches.remove_batch(&batch.id).await?;
    Ok(Json(DeletedBatch { id: batch.id.to_string(), object: "batch", deleted: true }))
}

/// A batch that the key may see; another workspace's looks like none.
async fn find(app: &App, key: &KeyEntry, id: &str) -> Result<BatchRecord, ApiError> {
    let batch = app.engine.stores().batches.batch(&BatchId::from_text(id)).await?;
    batch
        .filter(|it| it.status != BatchStatus::Receiving)
        .filter(|it| may_see(app, key, Area::Keys, &it.workspace_id))
        .ok_or_else(|| ApiError::not_found(format!("Batch {id} not found")))
}

fn conflict(message: String) -> ApiError {
    ApiError::new(ErrorType::Conflict, message)
}

fn read_member(query: &mut BatchQuery, name: &str, value: &str) -> Result<(), ApiError> {
    let wrong = |expected: &str| ApiError::bad_request(format!("{name}: Expected {expected}"));
    let instant = || instant(value).ok_or_else(|| wrong("Unix seconds or an RFC 3339 time"));
    match name {
        "limit" => {
            let limit = value.parse().ok().filter(|it| (1..=PAGE_MAX).contains(it));
            query.limit = limit.ok_or_else(|| wrong("1 to 100"))?;
        }
        "after" => query.after = Some(BatchId::from_text(value)),
        "status" => {
            let status = BatchStatus::parse(value).filter(|it| *it != BatchStatus::Receiving);
            query.statuses.push(status.ok_or_else(|| wrong("the status of a batch"))?);
        }
        "created_after" => query.created_after = Some(instant()?),
        "created_before" => query.created_before = Some(instant()?),
        "workspace_id" => query.workspace_id = Some(value.to_owned()),
        _ => return Err(ApiError::bad_request(format!("{name}: Not known here"))),
    }
    Ok(())
}

fn instant(text: &str) -> Option<Timestamp> {
    let seconds = text.parse::<i64>().ok();
    let seconds = seconds.map(|it| Timestamp::from_unix_millis(it.saturating_mul(1_000)));
    seconds.or_else(|| Timestamp::parse_rfc3339(text))
}

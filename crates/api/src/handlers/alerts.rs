//! `GET /alerts`: what operators were told of, newest first, and how telling it went.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tollgate_alerts::{Alert, Delivery};
use tollgate_store::{Document, DocumentQuery};
use tollgate_types::Timestamp;

use crate::auth::Manager;
use crate::error::ApiError;
use crate::query::{Params, no_offset};
use crate::router::App;

/// How many alerts a page has at most, and unless the caller says.
const PAGE_MAX: u32 = 1_000;
const PAGE: u32 = 100;
/// How many pages of the store are looked through for one answer: what is left is the next one's.
const LOOKS_MAX: u32 = 10;

#[derive(Debug, Serialize)]
pub(crate) struct Alerts {
    data: Vec<Map<String, Value>>,
    /// What `before` is for the next page, which there may be after one that is short; null on the
    /// last.
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AlertQuery {
    limit: Option<u32>,
    before: Option<String>,
    /// Refused: pages go by `before`.
    offset: Option<String>,
    /// Of this workspace and its keys only.
    workspace_id: Option<String>,
}

/// Alerts, the newest first.
pub(crate) async fn list_alerts(
    State(app): State<App>,
    manager: Manager,
    Params(asked): Params<AlertQuery>,
) -> Result<Json<Alerts>, ApiError> {
    match &asked.workspace_id {
        Some(workspace) => manager.reach(workspace)?,
        None => manager.everywhere("Name one of them with workspace_id")?,
    }
    let limit = asked.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit: Expected 1 to {PAGE_MAX}")));
    }
    no_offset(asked.offset.as_deref())?;
    let workspace = asked.workspace_id.as_deref();
    let is_asked_for = |alert: &Document<Alert>| {
        workspace.is_none() || alert.body.subject.workspace_id.as_deref() == workspace
    };
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut query = DocumentQuery {
        after: asked.before,
        descending: true,
        // Of a workspace there may be few among many.
        limit: if workspace.is_some() { PAGE_MAX } else { limit },
        ..DocumentQuery::of::<Alert>()
    };
    let mut found: Vec<Document<Alert>> = Vec::new();
    let mut is_more = true;
    for _ in 0..LOOKS_MAX {
        let page = app.engine.stores().documents.page::<Alert>(&query).await?;
        is_more = u32::try_from(page.len()).is_ok_and(|length| length == query.limit);
        query.after = page.last().map(|last| last.id.clone());
        found.extend(page.into_iter().filter(is_asked_for));
        if !is_more || found.len() >= wanted {
            break;
        }
    }
    let is_cut = found.len() > wanted;
    found.truncate(wanted);
    let next = if is_cut || found.len() == wanted {
        found.last().filter(|_| is_more || is_cut).map(|last| last.id.clone())
    } else {
        query.after.filter(|_| is_more)
    };
    Ok(Json(Alerts { data: found.iter().map(view).collect(), next }))
}

/// An alert as people see it.
pub(super) fn view(alert: &Document<Alert>) -> Map<String, Value> {
    let mut view = alert.body.view(&alert.id);
    let deliveries: Value = alert.body.deliveries.iter().map(delivery).collect();
    view.insert("deliveries".to_owned(), deliveries);
    view
}

fn delivery(delivery: &Delivery) -> Value {
    let next_at = delivery.is_pending().then(|| delivery.next_at.to_rfc3339());
    json!({
        "channel": delivery.channel.as_str(),
        "state": delivery.state.as_str(),
        "attempts": delivery.attempts,
        "delivered_at": delivery.delivered_at.map(Timestamp::to_rfc3339),
        "next_attempt_at": next_at,
        "error": delivery.error,
    })
}

//! `GET /audit`: what was done, by whom, and how it was answered.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_organisation::AuditEntry;
use tollgate_store::{Document, DocumentQuery};

use crate::auth::Manager;
use crate::error::ApiError;
use crate::query::{Params, no_offset};
use crate::router::App;

/// How many entries a page has at most, and unless the caller says.
const PAGE_MAX: u32 = 1_000;
const PAGE: u32 = 100;

#[derive(Debug, Serialize)]
pub(crate) struct EntryView {
    id: String,
    at: String,
    user_id: Option<String>,
    key_hash: Option<String>,
    actor: String,
    action: String,
    target: String,
    details: Option<Value>,
    /// The status it was answered with; null while it is under way, or when the program was killed
    /// meanwhile; 0 for a command.
    outcome: Option<u16>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Entries {
    data: Vec<EntryView>,
    /// What `before` is for the next page; null on the last.
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AuditQuery {
    limit: Option<u32>,
    before: Option<String>,
    /// Refused: pages go by `before`.
    offset: Option<String>,
}

/// Entries, the newest first.
pub(crate) async fn list_audit(
    State(app): State<App>,
    _: Manager,
    Params(asked): Params<AuditQuery>,
) -> Result<Json<Entries>, ApiError> {
    let limit = asked.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit: Expected 1 to {PAGE_MAX}")));
    }
    no_offset(asked.offset.as_deref())?;
    let query = DocumentQuery {
        after: asked.before,
        descending: true,
        limit,
        ..DocumentQuery::of::<AuditEntry>()
    };
    let page = app.engine.stores().documents.page::<AuditEntry>(&query).await?;
    let is_full = u32::try_from(page.len()).is_ok_and(|length| length == limit);
    let next = page.last().filter(|_| is_full).map(|last| last.id.clone());
    Ok(Json(Entries { data: page.into_iter().map(EntryView::of).collect(), next }))
}

impl EntryView {
    fn of(document: Document<AuditEntry>) -> Self {
        let Document { id, body, .. } = document;
        Self {
            id,
            at: body.at.to_rfc3339(),
            user_id: body.user_id,
            key_hash: body.key_hash,
            actor: body.actor,
            action: body.action,
            target: body.target,
            details: body.details,
            outcome: body.outcome,
        }
    }
}

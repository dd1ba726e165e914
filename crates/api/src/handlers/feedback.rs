//! `POST /generation/feedback` (contract §1.3).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_store::{FeedbackCategory, FeedbackRecord};
use tollgate_types::Timestamp;

use super::credits::Data;
use super::generation;
use crate::auth::AnyKey;
use crate::body::JsonBody;
use crate::error::ApiError;
use crate::router::App;

/// Longest comment (contract §1.3).
const COMMENT_MAX: usize = 1_000;
/// How many words on one generation are kept, and shown with it.
pub(super) const FEEDBACK_MAX: u32 = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct NewFeedback {
    generation_id: String,
    category: String,
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Noted {
    success: bool,
}

/// What a caller said of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct FeedbackView {
    category: &'static str,
    comment: Option<String>,
    created_at: String,
}

/// Keeps what a caller says of an answer: any key that may see its record.
pub(crate) async fn create_feedback(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    JsonBody(said): JsonBody<NewFeedback>,
) -> Result<Json<Data<Noted>>, ApiError> {
    let category = FeedbackCategory::parse(&said.category).ok_or_else(|| {
        let known = FeedbackCategory::ALL.map(FeedbackCategory::as_str).join(", ");
        ApiError::bad_request(format!("category: Expected one of {known}"))
    })?;
    if said.comment.as_ref().is_some_and(|comment| comment.chars().count() > COMMENT_MAX) {
        let message = format!("comment: String must contain at most {COMMENT_MAX} characters");
        return Err(ApiError::bad_request(message));
    }
    let record = generation::find(&app, &key, &said.generation_id).await?;
    let store = &app.engine.stores().feedback;
    let known = store.about(&record.id, FEEDBACK_MAX).await?;
    if known.len() >= usize::try_from(FEEDBACK_MAX).unwrap_or(usize::MAX) {
        return Err(ApiError::bad_request(format!(
            "generation_id: {FEEDBACK_MAX} words on this generation are kept, and no more"
        )));
    }
    let feedback = FeedbackRecord {
        id: app.engine.new_id().map_err(|error| ApiError::internal(&error))?,
        generation_id: record.id,
        category,
        comment: said.comment,
        key_hash: key.record.hash,
        created_at: app.engine.now(),
    };
    store.add(feedback).await?;
    Ok(Json(Data { data: Noted { success: true } }))
}

impl FeedbackView {
    pub(super) fn of(record: FeedbackRecord) -> Self {
        let FeedbackRecord { category, comment, created_at, .. } = record;
        Self { category: category.as_str(), comment, created_at: Timestamp::to_rfc3339(created_at) }
    }
}

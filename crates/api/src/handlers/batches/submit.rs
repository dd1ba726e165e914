//! `POST /batches`: a batch is read as it comes (contract §1.1).

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use tollgate_engine::{BatchDraft, DraftError, Origin};
use tollgate_store::BatchRecord;
use tollgate_wire::batch::{BatchFault, BatchPart, BatchReader};
use tollgate_wire::chat::ChatParams;
use tollgate_wire::error::ErrorType;

use super::view::BatchView;
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::{must_be_json, must_be_plain};
use crate::error::ApiError;
use crate::router::App;
use crate::unread::drain;

/// How long a batch may take to arrive, however steadily it comes.
const UPLOAD_MAX: Duration = Duration::from_mins(30);

/// Takes a batch, which is answered in the background.
pub(crate) async fn create_batch(
    State(app): State<App>,
    key: InferenceKey,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, mut body) = request.into_parts();
    must_be_json(&parts.headers)?;
    must_be_plain(&parts.headers)?;
    match Box::pin(receive(&app, &key, &parts.headers, &mut body)).await {
        Ok(batch) => {
            let view = BatchView::of(&batch);
            Ok((StatusCode::ACCEPTED, Json(view)).into_response())
        }
        Err(error) => {
            drain(body).await;
            Err(error)
        }
    }
}

async fn receive(
    app: &App,
    InferenceKey(key, region): &InferenceKey,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<BatchRecord, ApiError> {
    let bounds = app.engine.batch_bounds();
    let mut reader = BatchReader::new(bounds.requests_max, bounds.request_bytes_max);
    let origin = Origin {
        attribution: attribution(headers, &ChatParams::default(), &app.config.tag_headers),
        headers,
        region: region.clone(),
        received: Instant::now(),
    };
    let mut draft: Option<BatchDraft> = None;
    let (mut received, until) = (0_u64, Instant::now() + UPLOAD_MAX);
    while let Some(bytes) = next(app, body, until).await? {
        received = received.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if received > bounds.bytes_max {
            let most = bounds.bytes_max;
            return Err(too_large(format!("A batch is of at most {most} bytes here")));
        }
        reader.push(&bytes);
        while let Some(part) = reader.next_part()? {
            match (part, &mut draft) {
                (BatchPart::Head(head), _) => {
                    let about = (origin.attribution.clone(), region.clone());
                    draft = Some(BatchDraft::begin(&app.engine, key, head, about).await?);
                }
                (BatchPart::Request { custom_id, body }, Some(draft)) => {
                    draft.take(key, (custom_id, body), &origin).await?;
                }
                (BatchPart::Request { .. }, None) => {}
            }
        }
    }
    reader.finish()?;
    let draft = draft.ok_or_else(|| ApiError::bad_request("requests: Required"))?;
    Ok(draft.finish().await?)
}

/// More of the body. The time that a whole body may take elsewhere is that of each piece here.
async fn next(app: &App, body: &mut Body, until: Instant) -> Result<Option<Bytes>, ApiError> {
    loop {
        let until = until.min(Instant::now() + app.config.body_timeout);
        let frame = timeout_at(until, body.frame()).await.map_err(|_| {
            ApiError::new(ErrorType::RequestTimeout, "Request body did not arrive in time")
        })?;
        let Some(frame) = frame else { return Ok(None) };
        let frame = frame
            .map_err(|_| ApiError::bad_request("Request body ended before it was complete"))?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
}

fn too_large(message: String) -> ApiError {
    ApiError::new(ErrorType::PayloadTooLarge, message)
}

impl From<BatchFault> for ApiError {
    fn from(fault: BatchFault) -> Self {
        match fault {
            BatchFault::Invalid(error) => error.into(),
            BatchFault::TooLarge(message) => too_large(message),
        }
    }
}

impl From<DraftError> for ApiError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Call(error) => error.into(),
            DraftError::Store(error) => error.into(),
        }
    }
}

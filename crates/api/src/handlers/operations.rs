//! Operations that are not conversations (contract §1.1), and OpenAI's moderations.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use tokio::time::Instant;
use tollgate_engine::{Operated, Origin};
use tollgate_wire::operation::{Operation, OperationCall};

use super::generate::{respond, with_cache_status};
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::JsonBytes;
use crate::error::ApiError;
use crate::form::JsonOrForm;
use crate::router::App;

/// Creates embeddings.
pub(crate) async fn create_embeddings(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    body: JsonBytes,
) -> Result<Response, ApiError> {
    of_json(&app, key, &headers, (Operation::Embeddings, body)).await
}

/// Ranks documents.
pub(crate) async fn create_rerank(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    body: JsonBytes,
) -> Result<Response, ApiError> {
    of_json(&app, key, &headers, (Operation::Rerank, body)).await
}

/// Makes pictures.
pub(crate) async fn create_images(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    body: JsonBytes,
) -> Result<Response, ApiError> {
    of_json(&app, key, &headers, (Operation::Image, body)).await
}

/// Reads a text aloud.
pub(crate) async fn create_speech(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    body: JsonBytes,
) -> Result<Response, ApiError> {
    of_json(&app, key, &headers, (Operation::Speech, body)).await
}

/// Judges texts and pictures.
pub(crate) async fn create_moderation(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    body: JsonBytes,
) -> Result<Response, ApiError> {
    of_json(&app, key, &headers, (Operation::Moderation, body)).await
}

/// Writes speech down.
pub(crate) async fn create_transcription(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    body: JsonOrForm,
) -> Result<Response, ApiError> {
    match body {
        JsonOrForm::Json(body) => {
            of_json(&app, key, &headers, (Operation::Transcription, JsonBytes(body))).await
        }
        JsonOrForm::Form(fields, file) => {
            let call = OperationCall::of_form(Operation::Transcription, fields, file)?;
            operate(&app, key, &headers, call).await
        }
    }
}

async fn of_json(
    app: &App,
    key: InferenceKey,
    headers: &HeaderMap,
    (operation, JsonBytes(body)): (Operation, JsonBytes),
) -> Result<Response, ApiError> {
    operate(app, key, headers, OperationCall::read(operation, body)?).await
}

async fn operate(
    app: &App,
    key: InferenceKey,
    headers: &HeaderMap,
    call: OperationCall,
) -> Result<Response, ApiError> {
    Ok(match run(app, key, headers, call).await? {
        Operated::Whole { id, provider, cached, answer } => {
            let body = Body::from(answer.body);
            let response = respond(&answer.media_type, id.as_str(), Some(&provider), body);
            with_cache_status(response, cached.as_ref())
        }
        Operated::Passing { id, provider, media_type, body } => {
            respond(&media_type, id.as_str(), Some(&provider), Body::new(body))
        }
    })
}

/// Sends an operation through the pipeline.
pub(super) async fn run(
    app: &App,
    InferenceKey(key, region): InferenceKey,
    headers: &HeaderMap,
    call: OperationCall,
) -> Result<Operated, ApiError> {
    let attribution = attribution(headers, call.params(), &app.config.tag_headers);
    let origin = Origin { attribution, headers, region, received: Instant::now() };
    Ok(app.engine.operate(key, call, origin).await?)
}

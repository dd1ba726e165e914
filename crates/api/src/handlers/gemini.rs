//! Gemini's API: `models/{model}:METHOD`, and the models as its clients list them.
//!
//! <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/tokens>

mod embeddings;
mod models;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tollgate_wire::json::RawObject;
use tollgate_wire::{Address, Dialect};

use super::generate::{Asked, count, counted, generate};
use crate::auth::InferenceKey;
use crate::body::JsonBytes;
use crate::error::ApiError;
use crate::path::{PathOf, joined};
use crate::query::Params;
use crate::router::App;
use crate::skin::GEMINI_METHODS;

pub(crate) use models::{get_gemini_model, list_gemini_models};

/// Gemini's count.
#[derive(Debug, Serialize)]
struct GeminiCount {
    #[serde(rename = "totalTokens")]
    total_tokens: u64,
}

/// How a Gemini stream is framed.
#[derive(Debug, Deserialize)]
pub(crate) struct GeminiQuery {
    alt: Option<String>,
}

/// What of a Gemini request is not its body; a model's name may be several segments of the path.
type GeminiParts = (PathOf<Vec<(String, String)>>, Params<GeminiQuery>, HeaderMap);

/// Generates content, counts its tokens or embeds it: `models/{model}:generateContent`,
/// `:streamGenerateContent`, `:countTokens`, `:embedContent` and `:batchEmbedContents`.
pub(crate) async fn call_gemini_method(
    State(app): State<App>,
    key: InferenceKey,
    (PathOf(segments), Params(query), headers): GeminiParts,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let model_and_method = joined(segments);
    let unknown = || {
        let known = GEMINI_METHODS.join(", ");
        ApiError::not_found(format!("No such method: {model_and_method}. Known are {known}"))
    };
    let (model, method) = model_and_method.rsplit_once(':').ok_or_else(unknown)?;
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        "countTokens" => return count_tokens(&app, key, &headers, (model, body)).await,
        "embedContent" => return embeddings::one(&app, key, &headers, (model, body)).await,
        "batchEmbedContents" => return embeddings::batch(&app, key, &headers, (model, body)).await,
        _ => return Err(unknown()),
    };
    let address = Address {
        model: Some(model.to_owned()),
        stream: Some(stream),
        as_array: stream && query.alt.as_deref() != Some("sse"),
        ..Address::default()
    };
    generate(&app, key, &headers, Asked { address, ..Asked::plain(Dialect::Gemini, body) }).await
}

async fn count_tokens(
    app: &App,
    key: InferenceKey,
    headers: &HeaderMap,
    (model, body): (&str, Bytes),
) -> Result<Response, ApiError> {
    let address = Address { model: Some(model.to_owned()), ..Address::default() };
    let body = inner_request(body)?;
    let count =
        count(app, key, headers, Asked { address, ..Asked::plain(Dialect::Gemini, body) }).await?;
    Ok(counted(&GeminiCount { total_tokens: count.tokens }, count))
}

/// Gemini's clients send the contents to count alone, or in a whole request that is a member.
fn inner_request(body: Bytes) -> Result<Bytes, ApiError> {
    let object = RawObject::read(body.clone())?;
    let inner = object.member("generateContentRequest");
    Ok(inner.map_or(body, |inner| Bytes::copy_from_slice(inner.as_bytes())))
}

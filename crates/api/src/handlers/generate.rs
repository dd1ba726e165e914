//! Operations that generate: one per dialect a client may speak (contract §1.1, §2, §3).

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use tollgate_engine::{Answer, Count, Origin};
use tollgate_wire::{Address, Call, Dialect};

use super::{GENERATION_ID, IS_ESTIMATED, PROVIDER_NAME};
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::{AnyBytes, JsonBytes};
use crate::error::ApiError;
use crate::router::App;

/// Creates a chat completion.
pub(crate) async fn create_chat_completion(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    generate(&app, key, &headers, Asked::plain(Dialect::Chat, body)).await
}

/// Creates a text completion.
pub(crate) async fn create_completion(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    generate(&app, key, &headers, Asked::plain(Dialect::Completions, body)).await
}

/// Creates a response.
pub(crate) async fn create_response(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    generate(&app, key, &headers, Asked::plain(Dialect::Responses, body)).await
}

/// Creates a message.
pub(crate) async fn create_message(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    generate(&app, key, &headers, Asked::plain(Dialect::Messages, body)).await
}

/// Creates an answer to an Ollama chat.
pub(crate) async fn create_ollama_chat(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    AnyBytes(body): AnyBytes,
) -> Result<Response, ApiError> {
    generate(&app, key, &headers, Asked::plain(Dialect::Ollama, body)).await
}

/// Counts the tokens of a message that is not sent (contract §3.6).
pub(crate) async fn count_message_tokens(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let address = Address { anthropic_beta: betas(&headers), ..Address::default() };
    let asked = Asked { dialect: Dialect::Messages, address, body };
    let count = count(&app, key, &headers, asked).await?;
    Ok(counted(&MessageCount { input_tokens: count.tokens }, count))
}

/// Anthropic's count.
#[derive(Debug, Serialize)]
struct MessageCount {
    input_tokens: u64,
}

/// Counts the tokens of what is not sent.
pub(super) async fn count(
    app: &App,
    InferenceKey(key, region): InferenceKey,
    headers: &HeaderMap,
    asked: Asked,
) -> Result<Count, ApiError> {
    let call = Call::read(asked.dialect, asked.body, asked.address)?;
    let call = app.engine.with_preset(&key, call).await?;
    let attribution = attribution(headers, call.params(), &app.config.tag_headers);
    let origin = Origin { attribution, headers, region };
    app.engine.count(&key, &call, &origin).await.map_err(ApiError::from)
}

/// A count, with a word on who counted.
pub(super) fn counted(body: &impl Serialize, count: Count) -> Response {
    let mut response = Json(body).into_response();
    if count.is_estimated {
        response.headers_mut().insert(IS_ESTIMATED, HeaderValue::from_static("true"));
    }
    response
}

/// What was asked, and in which dialect.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) dialect: Dialect,
    pub(super) address: Address,
    pub(super) body: Bytes,
}

impl Asked {
    fn plain(dialect: Dialect, body: Bytes) -> Self {
        Self { dialect, address: Address::default(), body }
    }
}

/// Sends what was asked through the pipeline.
pub(super) async fn generate(
    app: &App,
    InferenceKey(key, region): InferenceKey,
    headers: &HeaderMap,
    asked: Asked,
) -> Result<Response, ApiError> {
    let address = Address {
        anthropic_beta: betas(headers),
        wants_metadata: wants_metadata(headers),
        ..asked.address
    };
    let call = Call::read(asked.dialect, asked.body, address)?;
    if let Some(line) = call.loaded(app.engine.now()) {
        let kind = if call.params().stream { call.stream_type() } else { "application/json" };
        let call = app.engine.with_preset(&key, call).await?;
        let attribution = attribution(headers, call.params(), &app.config.tag_headers);
        app.engine.check(&key, &call, &Origin { attribution, headers, region })?;
        return Ok(([(CONTENT_TYPE, kind)], line).into_response());
    }
    let attribution = attribution(headers, call.params(), &app.config.tag_headers);
    let origin = Origin { attribution, headers, region };
    let answer = app.engine.generate(key, call, origin).await?;
    Ok(match answer {
        Answer::Whole(reply) => {
            let id = reply.id.to_string();
            respond("application/json", &id, Some(&reply.provider), Body::from(reply.body))
        }
        Answer::Stream { id, provider, media_type, body } => {
            let id = id.to_string();
            respond(media_type, &id, provider.as_deref(), Body::new(body))
        }
    })
}

/// Whether the caller wants to be told of routing, by the header's name or its older one (contract
/// §0, §3.4).
fn wants_metadata(headers: &HeaderMap) -> bool {
    ["x-openrouter-metadata", "x-openrouter-experimental-metadata"]
        .into_iter()
        .find_map(|name| headers.get(name))
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enabled"))
}

/// Anthropic's own header, and the contract's name for it (§0); each may hold a list.
fn betas(headers: &HeaderMap) -> Option<String> {
    let lists = ["anthropic-beta", "x-anthropic-beta"]
        .into_iter()
        .flat_map(|name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()));
    let all: Vec<&str> = lists.filter(|list| !list.trim().is_empty()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// A successful answer with the headers that every one has (contract §0).
pub(super) fn respond(kind: &str, id: &str, provider: Option<&str>, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(GENERATION_ID, id);
    }
    if let Some(name) = provider.and_then(|name| HeaderValue::from_str(name).ok()) {
        headers.insert(PROVIDER_NAME, name);
    }
    response
}

//! Operations that generate: one per dialect a client may speak (contract §1.1, §2, §3).

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts as _, State};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Json};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use tokio::time::Instant;
use tollgate_engine::{Answer, Cached, Count, Origin, Timing};
use tollgate_wire::{Address, Call, Dialect};

use super::{
    CACHE_AGE, CACHE_SOURCE, CACHE_STATUS, CACHE_TTL, GENERATION_ID, IS_ESTIMATED, PROVIDER_NAME,
    SERVER_TIMING,
};
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::{AnyBytes, JsonBytes, must_be_json, read_from};
use crate::error::ApiError;
use crate::router::App;

/// The paths of calls that generate, each in its dialect. The [front](crate::front) takes them by the
/// same list.
pub(crate) const GENERATING: [(&str, Dialect); 4] = [
    ("/api/v1/chat/completions", Dialect::Chat),
    ("/api/v1/messages", Dialect::Messages),
    ("/api/v1/responses", Dialect::Responses),
    ("/api/v1/completions", Dialect::Completions),
];

/// Answers a call that generates, from its head and its body.
pub(crate) async fn create<B>(
    app: &App,
    dialect: Dialect,
    parts: &mut Parts,
    body: &mut B,
) -> Result<Response, ApiError>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let begun = Instant::now();
    let key = InferenceKey::from_request_parts(parts, app).await?;
    let authenticated = begun.elapsed();
    must_be_json(&parts.headers)?;
    let body = read_from(&parts.headers, body, app, app.config.body_bytes_max).await?;
    let mut asked = Asked::plain(dialect, body);
    asked.received = asked.received.checked_sub(authenticated).unwrap_or(asked.received);
    generate(app, key, &parts.headers, asked).await
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
    let asked = Asked { address, ..Asked::plain(Dialect::Messages, body) };
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
    let origin = Origin { attribution, headers, region, received: asked.received };
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
    /// When all of it was there; earlier by what the key took to be found.
    pub(super) received: Instant,
}

impl Asked {
    pub(super) fn plain(dialect: Dialect, body: Bytes) -> Self {
        Self { dialect, address: Address::default(), body, received: Instant::now() }
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
    let received = asked.received;
    let call = Call::read(asked.dialect, asked.body, address)?;
    if let Some(line) = call.loaded(app.engine.now()) {
        let kind = if call.params().stream { call.stream_type() } else { "application/json" };
        let call = app.engine.with_preset(&key, call).await?;
        let attribution = attribution(headers, call.params(), &app.config.tag_headers);
        app.engine.check(&key, &call, &Origin { attribution, headers, region, received })?;
        return Ok(([(CONTENT_TYPE, kind)], line).into_response());
    }
    let attribution = attribution(headers, call.params(), &app.config.tag_headers);
    let origin = Origin { attribution, headers, region, received };
    let answer = app.engine.generate(key, call, origin).await?;
    Ok(match answer {
        Answer::Whole(reply) => {
            let provider = Some(reply.provider.as_str());
            let body = Body::from(reply.body);
            let response = respond("application/json", reply.id.as_str(), provider, body);
            timed(with_cache_status(response, reply.cached.as_ref()), reply.timing)
        }
        Answer::Again(reply) => {
            let provider = Some(reply.provider.as_str());
            let body = Body::from(reply.body);
            let response = respond(reply.media_type, reply.id.as_str(), provider, body);
            timed(with_cache_status(response, reply.cached.as_ref()), reply.timing)
        }
        Answer::Stream { id, provider, timing, cached, media_type, body } => {
            let response = respond(media_type, id.as_str(), provider.as_deref(), Body::new(body));
            let response = with_cache_status(response, cached.as_ref());
            match timing {
                Some(timing) => timed(response, timing),
                None => response,
            }
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

/// Says what the cache of answers had to do with it, to who asked for it (contract §6.4).
pub(super) fn with_cache_status(mut response: Response, cached: Option<&Cached>) -> Response {
    let headers = response.headers_mut();
    match cached {
        None => {}
        Some(Cached::Hit { age_seconds, ttl_seconds, source }) => {
            headers.insert(CACHE_STATUS, HeaderValue::from_static("HIT"));
            headers.insert(CACHE_AGE, HeaderValue::from(*age_seconds));
            headers.insert(CACHE_TTL, HeaderValue::from(*ttl_seconds));
            if let Ok(source) = HeaderValue::from_str(source.as_str()) {
                headers.insert(CACHE_SOURCE, source);
            }
        }
        Some(Cached::Miss { ttl_seconds }) => {
            headers.insert(CACHE_STATUS, HeaderValue::from_static("MISS"));
            headers.insert(CACHE_TTL, HeaderValue::from(*ttl_seconds));
        }
    }
    response
}

/// Says where the time went.
fn timed(mut response: Response, timing: Timing) -> Response {
    if let Ok(told) = HeaderValue::try_from(timing.to_header()) {
        response.headers_mut().insert(SERVER_TIMING, told);
    }
    response
}

/// A successful answer that is no generation's.
pub(super) fn json_response(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
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

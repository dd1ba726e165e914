//! Operations that generate: one per dialect a client may speak (contract §1.1, §2, §3).

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use tollgate_engine::Answer;
use tollgate_wire::{Address, Call, Dialect};

use super::{GENERATION_ID, PROVIDER_NAME};
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::JsonBytes;
use crate::error::ApiError;
use crate::query::Params;
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
    let address = Address { anthropic_beta: betas(&headers), ..Address::default() };
    generate(&app, key, &headers, Asked { dialect: Dialect::Messages, address, body }).await
}

/// Creates an answer to an Ollama chat.
pub(crate) async fn create_ollama_chat(
    State(app): State<App>,
    key: InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    generate(&app, key, &headers, Asked::plain(Dialect::Ollama, body)).await
}

/// How a Gemini stream is framed.
#[derive(Debug, Deserialize)]
pub(crate) struct GeminiQuery {
    alt: Option<String>,
}

/// What of a Gemini request is not its body.
type GeminiParts = (Path<String>, Params<GeminiQuery>, HeaderMap);

/// Generates content: `models/{model}:generateContent` and `:streamGenerateContent`.
pub(crate) async fn generate_content(
    State(app): State<App>,
    key: InferenceKey,
    (Path(model_and_method), Params(query), headers): GeminiParts,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let unknown = || {
        ApiError::not_found(format!(
            "No such method: {model_and_method}. Known are generateContent and streamGenerateContent"
        ))
    };
    let (model, method) = model_and_method.rsplit_once(':').ok_or_else(unknown)?;
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return Err(unknown()),
    };
    let address = Address {
        model: Some(model.to_owned()),
        stream: Some(stream),
        as_array: stream && query.alt.as_deref() != Some("sse"),
        ..Address::default()
    };
    generate(&app, key, &headers, Asked { dialect: Dialect::Gemini, address, body }).await
}

/// What was asked, and in which dialect.
struct Asked {
    dialect: Dialect,
    address: Address,
    body: Bytes,
}

impl Asked {
    fn plain(dialect: Dialect, body: Bytes) -> Self {
        Self { dialect, address: Address::default(), body }
    }
}

async fn generate(
    app: &App,
    InferenceKey(key): InferenceKey,
    headers: &HeaderMap,
    asked: Asked,
) -> Result<Response, ApiError> {
    let call = Call::read(asked.dialect, asked.body, asked.address)?;
    let attribution = attribution(headers, call.params(), &app.config.tag_headers);
    let answer = app.engine.generate(key, call, attribution).await?;
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

/// Anthropic's own header, and the contract's name for it (§0); each may hold a list.
fn betas(headers: &HeaderMap) -> Option<String> {
    let lists = ["anthropic-beta", "x-anthropic-beta"]
        .into_iter()
        .flat_map(|name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()));
    let all: Vec<&str> = lists.filter(|list| !list.trim().is_empty()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

fn respond(kind: &'static str, id: &str, provider: Option<&str>, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(GENERATION_ID, id);
    }
    if let Some(name) = provider.and_then(|name| HeaderValue::from_str(name).ok()) {
        headers.insert(PROVIDER_NAME, name);
    }
    response
}

//! `POST /chat/completions` (contract §1.1, §2, §3).

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use tollgate_engine::Answer;
use tollgate_wire::chat::ChatCall;

use super::{GENERATION_ID, PROVIDER_NAME};
use crate::attribution::attribution;
use crate::auth::InferenceKey;
use crate::body::JsonBytes;
use crate::error::ApiError;
use crate::router::App;

/// Creates a chat completion, streamed or whole.
pub(crate) async fn create_chat_completion(
    State(app): State<App>,
    InferenceKey(key): InferenceKey,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let call = ChatCall::read(body)?;
    let attribution = attribution(&headers, call.params(), &app.config.tag_headers);
    let answer = app.engine.chat(key, call, attribution).await?;
    Ok(match answer {
        Answer::Whole(reply) => {
            let id = reply.id.to_string();
            respond("application/json", &id, Some(&reply.provider), Body::from(reply.body))
        }
        Answer::Stream { id, provider, body } => {
            let id = id.to_string();
            respond("text/event-stream", &id, provider.as_deref(), Body::new(body))
        }
    })
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

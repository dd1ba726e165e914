//! The OpenAI protocol: chat completions, whole and streamed.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

mod error;
mod logprobs;
mod read;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::model::MODELS;
use crate::protocol::{bearer, header};

pub(crate) use error::{error_event, failure};
pub(crate) use read::read;
pub(crate) use write::Encoder;

/// The caller's key; Azure deployments take it from a header of its own.
pub(crate) fn key(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| header(headers, "api-key"))
}

/// The answer to `GET /v1/models`.
pub(crate) fn models(created: i64) -> Value {
    let entry = |(id, _): &(&str, &str)| json!({ "id": id, "object": "model", "created": created, "owned_by": "tollgate-simulator" });
    json!({ "object": "list", "data": MODELS.iter().map(entry).collect::<Vec<_>>() })
}

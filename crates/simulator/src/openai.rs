//! The OpenAI protocol: chat completions, whole and streamed, and everything that is not a
//! conversation.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

mod check;
mod embeddings;
mod error;
mod filter;
mod images;
mod logprobs;
mod moderations;
mod read;
mod rerank;
mod speech;
mod transcriptions;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::model::{MODELS, OPERATION_MODELS};
use crate::protocol::{bearer, header};

pub(crate) use embeddings::embed;
pub(crate) use error::{error_event, failure};
pub(crate) use images::image;
pub(crate) use moderations::moderate;
pub(crate) use read::{read, read_prompt};
pub(crate) use rerank::rerank;
pub(crate) use speech::speech;
pub(crate) use transcriptions::transcribe;

/// The caller's key.
pub(crate) fn key(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| header(headers, "api-key"))
}

/// The answer to `GET /v1/models`.
pub(crate) fn models(created: i64) -> Value {
    let entry = |(id, _): &(&str, &str)| json!({ "id": id, "object": "model", "created": created, "owned_by": "tollgate-simulator" });
    let listed = MODELS.iter().chain(&OPERATION_MODELS);
    json!({ "object": "list", "data": listed.map(entry).collect::<Vec<_>>() })
}

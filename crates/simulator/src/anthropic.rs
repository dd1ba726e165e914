//! The Anthropic protocol: messages, whole and streamed.
//!
//! Source: <https://docs.anthropic.com/en/api/messages>.

mod check;
mod error;
mod read;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::model::MODELS;
use crate::protocol::header;

pub(crate) use error::{error_event, failure};
pub(crate) use read::{read, read_body, read_prompt};

/// The caller's key.
pub(crate) fn key(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-api-key")
}

/// The answer to `GET /v1/models`.
pub(crate) fn models() -> Value {
    let entry = |(id, _): &(&str, &str)| {
        json!({
            "type": "model",
            "id": id,
            "display_name": id,
            "created_at": "2026-01-01T00:00:00Z",
        })
    };
    let first = MODELS.first().map(|(id, _)| *id);
    let last = MODELS.last().map(|(id, _)| *id);
    json!({
        "data": MODELS.iter().map(entry).collect::<Vec<_>>(),
        "has_more": false,
        "first_id": first,
        "last_id": last,
    })
}

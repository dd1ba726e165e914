//! Cohere's protocol, version 2: chat, whole and streamed, embeddings, ranking documents.
//!
//! Source: <https://docs.cohere.com/v2/reference/chat>.

mod check;
mod embed;
mod error;
mod read;
mod rerank;
mod write;

use serde_json::{Value, json};

use crate::model::{MODELS, OPERATION_MODELS};

pub(crate) use embed::embed;
pub(crate) use error::{bad_json, failure};
pub(crate) use read::read;
pub(crate) use rerank::rerank;

/// The answer to `GET /v1/models`.
pub(crate) fn models() -> Value {
    let operations = OPERATION_MODELS.iter().filter(|(id, _)| ["embed", "rerank"].contains(id));
    let entries = MODELS.iter().map(|(id, _)| (id, "chat"));
    let entries = entries.chain(operations.map(|(id, _)| (id, *id)));
    let entry = |(id, endpoint): (&&str, &str)| {
        let features: &[&str] = match endpoint {
            "chat" => &["chat-completions", "json_mode", "json_schema", "tools", "vision"],
            _ => &[],
        };
        json!({
            "name": id,
            "endpoints": [endpoint],
            "finetuned": false,
            "context_length": 256_000,
            "tokenizer_url": null,
            "default_endpoints": [],
            "features": features,
            "is_deprecated": false,
        })
    };
    json!({ "models": entries.map(entry).collect::<Vec<_>>(), "next_page_token": "" })
}

//! Mistral's chat completions, embeddings, moderation and transcriptions: like OpenAI's, and
//! stricter. Found under the prefix `/mistral`.
//!
//! Source: <https://docs.mistral.ai/api/endpoint/chat>.

mod check;
mod embeddings;
mod error;
mod moderations;
mod read;
mod transcriptions;
mod write;

use serde_json::{Value, json};

use crate::model::{MODELS, OPERATION_MODELS};

pub(crate) use check::{bad_json, no_model};
pub(crate) use embeddings::embed;
pub(crate) use error::failure;
pub(crate) use moderations::moderate;
pub(crate) use read::read;
pub(crate) use transcriptions::transcribe;

/// The answer to `GET /v1/models`.
pub(crate) fn models(created: i64) -> Value {
    let operations = OPERATION_MODELS.iter().filter(|(id, _)| ["embed", "moderate"].contains(id));
    let entry = |(id, description): &(&str, &str)| {
        let chats = !["embed", "moderate"].contains(id);
        json!({
            "id": id,
            "object": "model",
            "created": created,
            "owned_by": "mistralai",
            "capabilities": {
                "completion_chat": chats,
                "completion_fim": false,
                "function_calling": chats,
                "fine_tuning": false,
                "vision": chats,
                "classification": *id == "moderate",
            },
            "name": id,
            "description": description,
            "max_context_length": 131_072,
            "aliases": [],
            "deprecation": null,
            "default_model_temperature": 0.3,
            "type": "base",
        })
    };
    json!({ "object": "list", "data": MODELS.iter().chain(operations).map(entry).collect::<Vec<_>>() })
}

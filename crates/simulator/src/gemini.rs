//! The Gemini protocol: `generateContent` and `streamGenerateContent`, also for pictures and speech,
//! embeddings, and pictures by `predict`.
//!
//! Source: <https://ai.google.dev/api/generate-content>.

mod embed;
mod error;
mod media;
mod predict;
mod read;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::model::{MODELS, OPERATION_MODELS};
use crate::protocol::{bearer, header};

pub(crate) use embed::{embed, embed_batch};
pub(crate) use error::failure;
pub(crate) use media::{draw, speak};
pub(crate) use predict::predict;
pub(crate) use read::{read, read_prompt};

/// The caller's key: a header, a query parameter, or an access token as Vertex has it.
pub(crate) fn key<'a>(headers: &'a HeaderMap, query: &'a str) -> Option<&'a str> {
    let in_query = || {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == "key").map(|(_, key)| key)
    };
    header(headers, "x-goog-api-key").or_else(in_query).or_else(|| bearer(headers))
}

/// The answer to `GET /v1beta/models`.
pub(crate) fn models() -> Value {
    let methods = |id: &str| -> &[&str] {
        match id {
            "embed" => &["embedContent", "batchEmbedContents"],
            "image" => &["predict"],
            _ => &["generateContent", "countTokens"],
        }
    };
    let operations = OPERATION_MODELS.iter().filter(|(id, _)| ["embed", "image"].contains(id));
    let entry = |(id, description): &(&str, &str)| {
        json!({
            "name": format!("models/{id}"),
            "version": "001",
            "displayName": id,
            "description": description,
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": methods(id),
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "maxTemperature": 2,
            "thinking": id.starts_with("think"),
        })
    };
    json!({ "models": MODELS.iter().chain(operations).map(entry).collect::<Vec<_>>() })
}

//! The Gemini protocol: `generateContent` and `streamGenerateContent`.
//!
//! Source: <https://ai.google.dev/api/generate-content>.

mod error;
mod read;
mod write;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::model::MODELS;
use crate::protocol::{bearer, header};

pub(crate) use error::failure;
pub(crate) use read::{read, read_prompt};
pub(crate) use write::{Encoder, Framing};

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
    let entry = |(id, description): &(&str, &str)| {
        json!({
            "name": format!("models/{id}"),
            "version": "001",
            "displayName": id,
            "description": description,
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "maxTemperature": 2,
            "thinking": id.starts_with("think"),
        })
    };
    json!({ "models": MODELS.iter().map(entry).collect::<Vec<_>>() })
}

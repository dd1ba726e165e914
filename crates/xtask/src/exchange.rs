//! A request and what was answered, as one line of a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One exchange with the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exchange {
    /// What it is about.
    pub name: String,
    /// The method, in capitals.
    pub method: String,
    /// The path as our own document has it, such as `/api/v1/keys/{hash}`.
    pub path: String,
    /// The JSON that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: BTreeMap<String, String>,
    /// The body of the answer.
    pub answer: Answer,
}

/// A body, as far as its media type says how to read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// JSON.
    Json(Value),
    /// The data of the events, or the lines, of a stream.
    Events(Vec<Value>),
    /// Text.
    Text(String),
    /// Anything else; its length in bytes.
    Bytes(usize),
}

impl Exchange {
    /// The media type of the answer, without its parameters.
    pub fn media_type(&self) -> &str {
        let kind = self.headers.get("content-type").map_or("", String::as_str);
        kind.split(';').next().unwrap_or_default().trim()
    }
}

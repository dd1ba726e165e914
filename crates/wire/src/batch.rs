//! Batches: many requests in one body, to be answered in the background (contract §1.1, `POST
//! /batches`).
//!
//! A body has up to two hundred megabytes, so it is read as it comes: [`BatchReader`] hands out its
//! head, then one request after the other, and keeps no more than the request it is reading.

mod reader;
mod request;

pub use reader::{BatchFault, BatchPart, BatchReader};
pub use request::BatchCall;

use serde::Deserialize;

use crate::error::BadRequest;
use crate::json::wrong_type;

/// What the requests of a batch are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchEndpoint {
    /// Chat completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Vectors.
    Embeddings,
}

impl BatchEndpoint {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Messages, Self::Embeddings];

    /// Its path, as the contract writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// Reads the contract's path.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == text)
    }
}

/// What a batch says of all its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHead {
    /// What its requests are for.
    pub endpoint: BatchEndpoint,
    /// The model, as the caller named it.
    pub model: String,
    /// Slugs of the only providers that may answer; any when empty.
    pub only: Vec<String>,
}

/// The one time that the contract has for a batch.
pub const COMPLETION_WINDOW: &str = "24h";

/// What may stand before the requests.
#[derive(Debug, Default, Deserialize)]
struct Only {
    #[serde(default)]
    only: Option<Vec<String>>,
}

impl BatchHead {
    /// Takes the members that stand before the requests: name and raw JSON. Members that mean
    /// nothing here are passed over.
    fn of(members: &[(String, String)]) -> Result<Self, BadRequest> {
        let member = |name: &str| {
            let found = members.iter().find(|(key, value)| key == name && value != "null");
            found.map(|(_, value)| value.as_str())
        };
        let text = |name: &str| -> Result<Option<String>, BadRequest> {
            let read = |raw| serde_json::from_str(raw).map_err(|_| wrong_type(name, "string", raw));
            member(name).map(read).transpose()
        };
        let missing = |name: &str| {
            BadRequest::new(format!("{name}: Required, and must stand before `requests`"))
        };
        let endpoint = text("endpoint")?.ok_or_else(|| missing("endpoint"))?;
        let endpoint = BatchEndpoint::parse(&endpoint).ok_or_else(|| {
            let known: Vec<&str> = BatchEndpoint::ALL.iter().map(|it| it.as_str()).collect();
            BadRequest::new(format!("endpoint: Expected one of {}", known.join(", ")))
        })?;
        let model = text("model")?.filter(|it| !it.is_empty()).ok_or_else(|| missing("model"))?;
        if text("completion_window")?.is_some_and(|window| window != COMPLETION_WINDOW) {
            return Err(BadRequest::new("completion_window: Expected \"24h\""));
        }
        if member("callback_url").is_some() {
            return Err(BadRequest::new(
                "callback_url: Not supported by this gateway; poll GET /batches/{id} instead",
            ));
        }
        let provider = member("provider").map(|raw| {
            let expected = "object with `only`, an array of provider slugs";
            let read = raw.starts_with('{').then(|| serde_json::from_str::<Only>(raw).ok());
            read.flatten().ok_or_else(|| wrong_type("provider", expected, raw))
        });
        let only = provider.transpose()?.unwrap_or_default().only.unwrap_or_default();
        Ok(Self { endpoint, model, only })
    }
}

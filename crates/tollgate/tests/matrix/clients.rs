//! The dialects that clients speak: each writes a question as its official SDK would, and reads
//! answers with its own rules checked.

mod chat;
mod completions;
mod gemini;
mod messages;
mod ollama;
mod responses;

use serde_json::Value;

use crate::question::{Heard, Proof, Question};

/// A dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Client {
    Chat,
    Completions,
    Responses,
    Messages,
    Gemini,
    Ollama,
}

/// Where a request goes, and what stands in it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The path with its query.
    pub(crate) path: String,
    /// The header that carries the key, and what stands before the key.
    pub(crate) key: (&'static str, &'static str),
    /// The body.
    pub(crate) body: Value,
}

/// A stream that was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    /// What came.
    pub(crate) heard: Heard,
    /// What the error says with which it broke off.
    pub(crate) error: Option<String>,
}

/// What a dialect does.
pub(crate) trait Dialect: Sync {
    /// Writes a question to a model.
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent>;

    /// Reads a whole answer.
    fn whole(&self, body: &Value) -> Proof<Heard>;

    /// Reads a stream to its end, with its rules checked.
    fn stream(&self, text: &str) -> Proof<Stream>;

    /// Reads an error that came instead of an answer: its form is checked, its message returned.
    fn error(&self, status: u16, body: &Value) -> Proof<String>;

    /// The media type of streams.
    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }
}

impl Client {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Gemini,
        Self::Ollama,
    ];

    /// Its rules.
    pub(crate) const fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Chat => &chat::Chat,
            Self::Completions => &completions::Completions,
            Self::Responses => &responses::Responses,
            Self::Messages => &messages::Messages,
            Self::Gemini => &gemini::Gemini,
            Self::Ollama => &ollama::Ollama,
        }
    }
}

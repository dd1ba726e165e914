//! The dialects that clients speak: each writes a question as its official SDK would, and reads
//! answers with its own rules checked.

mod chat;
mod completions;
mod extra;
mod gemini;
mod messages;
mod ollama;
mod responses;

use serde_json::Value;

use crate::question::{Heard, Proof, Question};

pub(crate) use extra::{BETA, Extra, UNKNOWN};

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
    /// Other headers.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
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
    /// Writes a question as its SDK does, with everything else that is asked for.
    pub(crate) fn write(self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        let mut sent = self.dialect().write(question, model, streamed)?;
        for extra in &question.extras {
            extra::add(self, *extra, &mut sent)?;
        }
        Ok(sent)
    }

    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Gemini,
        Self::Ollama,
    ];

    /// What its reasoning amounts to, of 8 000 tokens: as a word of chat's, and in tokens.
    pub(crate) const fn wants(self) -> (&'static str, u64) {
        match self {
            Self::Chat | Self::Completions | Self::Responses => ("high", 6_400),
            Self::Messages | Self::Gemini => ("medium", 2_048),
            Self::Ollama => ("medium", 4_000),
        }
    }

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

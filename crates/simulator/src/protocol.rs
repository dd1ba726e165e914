//! The three protocols behind one face: reading a request, writing an answer, writing an error.

use std::fmt;

use http::HeaderMap;
use serde_json::Value;

use crate::answer::Answer;
use crate::event::{Beat, Event, Events};
use crate::failure::{Failure, Reply};
use crate::prompt::Prompt;
use crate::random::Random;
use crate::{anthropic, gemini, openai};

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
    /// `generateContent` and `streamGenerateContent`.
    Gemini,
}

/// What every answer to one request carries.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// The model as it was asked for.
    pub(crate) model: String,
    /// Unix time in seconds.
    pub(crate) created: i64,
    /// Makes the ids of this answer.
    pub(crate) ids: Random,
    pub(crate) usage_reported: bool,
    pub(crate) done_sent: bool,
}

/// A request, read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) prompt: Prompt,
    pub(crate) encoder: Encoder,
    pub(crate) streamed: bool,
}

/// Writes answers in one protocol.
#[derive(Debug)]
pub(crate) enum Encoder {
    OpenAi(openai::Encoder),
    Anthropic(anthropic::Encoder),
    Gemini(gemini::Encoder),
}

impl Protocol {
    /// Whether the caller may ask at all.
    pub(crate) fn authorize(self, headers: &HeaderMap, query: &str) -> Result<(), Failure> {
        match self {
            Self::OpenAi => check_key(openai::key(headers)),
            Self::Anthropic => check_key(anthropic::key(headers)),
            Self::Gemini => check_key(gemini::key(headers, query)),
        }
    }

    /// Gives `failure` this protocol's form.
    pub(crate) fn failure(self, failure: &Failure, ids: &mut Random) -> Reply {
        match self {
            Self::OpenAi => openai::failure(failure, ids),
            Self::Anthropic => anthropic::failure(failure, ids),
            Self::Gemini => gemini::failure(failure),
        }
    }

    /// The list of models.
    pub(crate) fn models(self, created: i64) -> Value {
        match self {
            Self::OpenAi => openai::models(created),
            Self::Anthropic => anthropic::models(),
            Self::Gemini => gemini::models(),
        }
    }

    /// One entry of the list of models.
    pub(crate) fn model(self, id: &str, created: i64) -> Option<Value> {
        let list = self.models(created);
        let entries = list.get("data").or_else(|| list.get("models"))?.as_array()?;
        let gemini_name = format!("models/{id}");
        let is_it = |entry: &&Value| {
            entry.get("id").and_then(Value::as_str) == Some(id)
                || entry.get("name").and_then(Value::as_str) == Some(gemini_name.as_str())
        };
        entries.iter().find(is_it).cloned()
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        })
    }
}

impl Encoder {
    pub(crate) fn whole(&self, answer: &Answer) -> Vec<u8> {
        match self {
            Self::OpenAi(encoder) => encoder.whole(answer),
            Self::Anthropic(encoder) => encoder.whole(answer),
            Self::Gemini(encoder) => encoder.whole(answer),
        }
    }

    pub(crate) fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match self {
            Self::OpenAi(encoder) => encoder.encode(beat, answer, events),
            Self::Anthropic(encoder) => encoder.encode(beat, answer, events),
            Self::Gemini(encoder) => encoder.encode(beat, answer, events),
        }
    }

    /// The error event that a provider sends when it fails in the middle of a stream.
    pub(crate) fn error(&self) -> Event {
        match self {
            Self::OpenAi(_) => openai::error_event(),
            Self::Anthropic(_) => anthropic::error_event(),
            Self::Gemini(encoder) => encoder.error_event(),
        }
    }

    pub(crate) const fn stream_content_type(&self) -> &'static str {
        match self {
            Self::OpenAi(_) | Self::Anthropic(_) => "text/event-stream; charset=utf-8",
            Self::Gemini(encoder) => encoder.stream_content_type(),
        }
    }

    pub(crate) const fn call_id_prefix(&self) -> &'static str {
        match self {
            Self::OpenAi(_) => "call_",
            Self::Anthropic(_) => "toolu_01",
            Self::Gemini(_) => "",
        }
    }
}

fn check_key(key: Option<&str>) -> Result<(), Failure> {
    match key {
        None | Some("") => Err(Failure::key_missing()),
        Some(key) if key.contains("wrong") || key.contains("invalid") => {
            Err(Failure::key_wrong(key))
        }
        Some(_) => Ok(()),
    }
}

/// The text of header `name`, when there is one.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The key of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = header(headers, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

//! What the provider sends, as far as it is read. Unknown fields are ignored and every field may
//! be absent or null.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::usage::UsageObject;
use crate::counts::report;

/// An event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) id: Option<String>,
    pub(super) index: Option<u32>,
    pub(super) delta: Option<Delta>,
    pub(super) logprobs: Option<LogprobItem>,
    /// What went wrong, where the event has no type.
    pub(super) message: Option<Value>,
}

/// What an event adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    pub(super) message: Option<Message>,
    pub(super) error: Option<String>,
    pub(super) finish_reason: Option<String>,
    #[serde(deserialize_with = "report")]
    pub(super) usage: Option<UsageObject>,
}

/// A whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    pub(super) id: Option<String>,
    pub(super) finish_reason: Option<String>,
    pub(super) message: Option<Said>,
    #[serde(deserialize_with = "report")]
    pub(super) usage: Option<UsageObject>,
    pub(super) logprobs: Option<Vec<LogprobItem>>,
}

/// `message`: an answer's is an object, an error's a sentence.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    Answer(Message),
    Error(String),
}

/// What the assistant says, or a piece of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) content: Option<Pieces<Content>>,
    pub(super) tool_plan: Option<String>,
    pub(super) tool_calls: Option<Pieces<ToolCall>>,
    pub(super) citations: Option<Pieces<Citation>>,
}

/// A stream gives one at a time and opens with an empty list; a whole answer has a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Pieces<T> {
    List(Vec<T>),
    One(T),
    Other(IgnoredAny),
}

impl<T> Pieces<T> {
    /// As a list.
    pub(super) fn into_list(self) -> Vec<T> {
        match self {
            Self::List(list) => list,
            Self::One(one) => vec![one],
            Self::Other(_) => Vec::new(),
        }
    }
}

/// A piece of content: one of the two.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
}

/// A call, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall {
    pub(super) id: Option<String>,
    pub(super) function: Option<Function>,
}

/// What is called.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

/// A place in the answer and what it rests on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Citation {
    pub(super) start: Option<u64>,
    pub(super) end: Option<u64>,
    pub(super) sources: Option<Vec<Source>>,
    /// Which part of the answer the place is in.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// A document of the caller's or a tool's result.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) document: Option<Map<String, Value>>,
    pub(super) tool_output: Option<Map<String, Value>>,
}

/// How likely a piece of text was, token by token.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LogprobItem {
    pub(super) text: Option<String>,
    pub(super) logprobs: Option<Vec<f64>>,
}

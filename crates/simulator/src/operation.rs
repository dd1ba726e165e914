//! What can be asked for besides a conversation: embeddings, pictures, speech and so on. An
//! operation has its answer ready at once; how fast it is sent, and how it breaks off, is up to the
//! script, as with a conversation.

mod form;

use bytes::Bytes;
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::event::{Event, Events, json};
use crate::failure::Failure;
use crate::protocol::{Label, Protocol};
use crate::{azure, bedrock, cohere, gemini, mistral, ollama, openai, vertex};

pub(crate) use form::{File, Form};

/// The content type of most answers.
pub(crate) const JSON: &str = "application/json";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Embed,
    /// Several requests for embeddings as one.
    EmbedBatch,
    Rerank,
    Image,
    /// An image by a model that also talks.
    Draw,
    Speech,
    Transcribe,
    Moderate,
}

/// A request for an operation.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    pub(crate) head: &'a Parts,
    /// Null where the request is a form.
    pub(crate) body: &'a Value,
    /// Empty where the request is JSON.
    pub(crate) form: &'a Form,
    pub(crate) label: Label,
    /// The answer is to have no content.
    pub(crate) empty: bool,
}

/// A finished answer.
#[derive(Debug)]
pub(crate) enum Output {
    Whole {
        content_type: &'static str,
        bytes: Bytes,
        /// Tokens of the answer, which take their time.
        tokens: u64,
    },
    Events {
        events: Events,
        /// What comes when the stream fails on its way.
        error: Event,
    },
}

impl Operation {
    /// The model that is meant when none is named, where that is allowed.
    pub(crate) const fn default_model(self, protocol: Protocol) -> Option<&'static str> {
        match (protocol, self) {
            (Protocol::OpenAi, Self::Moderate) => Some("omni-moderation-latest"),
            _ => None,
        }
    }
}

impl Task<'_> {
    /// The model's name without the suffixes that are its script.
    pub(crate) fn base_model(&self) -> &str {
        let name = self.label.model.split('+').next().unwrap_or_default();
        name.strip_suffix(":latest").unwrap_or(name)
    }
}

impl Output {
    /// An answer in JSON that is worth no tokens.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self::json_of(value, 0)
    }

    /// An answer in JSON.
    pub(crate) fn json_of(value: &impl Serialize, tokens: u64) -> Self {
        Self::Whole { content_type: JSON, bytes: json(value).into(), tokens }
    }
}

/// Does what is asked for.
pub(crate) fn perform(
    protocol: Protocol,
    operation: Operation,
    task: &mut Task<'_>,
) -> Result<Output, Failure> {
    match (protocol, operation) {
        (Protocol::OpenAi, Operation::Embed) => openai::embed(task),
        (Protocol::OpenAi, Operation::Rerank) => openai::rerank(task),
        (Protocol::OpenAi, Operation::Image) => openai::image(task),
        (Protocol::OpenAi, Operation::Speech) => openai::speech(task),
        (Protocol::OpenAi, Operation::Transcribe) => openai::transcribe(task),
        (Protocol::OpenAi, Operation::Moderate) => openai::moderate(task),
        (Protocol::Azure, operation) => {
            azure::check_version(task.head)?;
            perform(Protocol::OpenAi, operation, task)
        }
        (Protocol::Cohere, Operation::Embed) => cohere::embed(task),
        (Protocol::Cohere, Operation::Rerank) => cohere::rerank(task),
        (Protocol::Gemini | Protocol::Vertex, Operation::Embed) => gemini::embed(task),
        (Protocol::Gemini | Protocol::Vertex, Operation::EmbedBatch) => gemini::embed_batch(task),
        (Protocol::Vertex, Operation::Image) if vertex::is_for_vectors(task.body) => {
            vertex::embed(task)
        }
        (Protocol::Gemini | Protocol::Vertex, Operation::Image) => gemini::predict(task),
        (Protocol::Gemini | Protocol::Vertex, Operation::Draw) => {
            gemini::draw(task, protocol == Protocol::Vertex)
        }
        (Protocol::Gemini | Protocol::Vertex, Operation::Speech) => {
            gemini::speak(task, protocol == Protocol::Vertex)
        }
        (Protocol::Bedrock, Operation::Embed) => bedrock::embed(task),
        (Protocol::Bedrock, Operation::Rerank) => bedrock::rerank(task),
        (Protocol::Bedrock, Operation::Image) => bedrock::draw(task),
        (Protocol::Mistral, Operation::Embed) => mistral::embed(task),
        (Protocol::Mistral, Operation::Moderate) => mistral::moderate(task),
        (Protocol::Mistral, Operation::Transcribe) => mistral::transcribe(task),
        (Protocol::Ollama, Operation::Embed) => ollama::embed(task),
        // No path leads here.
        _ => Err(Failure::no_route(task.head.method.as_str(), task.head.uri.path())),
    }
}

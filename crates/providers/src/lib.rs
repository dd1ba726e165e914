//! One adapter per provider protocol. No I/O, no clock, no async.
//!
//! An adapter turns a call into an HTTP request, response bytes into an answer, and a failure into
//! a [`Fault`] in our vocabulary. Sockets, timeouts and retries live elsewhere; that is why an
//! adapter is tested from recorded bytes alone.
//!
//! # Invariants
//!
//! - Any split of the same response bytes gives the same answer; a response that stops early is a
//!   fault, never a shorter answer. A property test holds every adapter to this over every
//!   recording.
//! - Nothing a provider sends can panic an adapter or make it buffer without bound.
//!
//! # Adding a protocol
//!
//! A module with a type that implements [`Adapter`]; here its `mod`, its `pub use` and a line in
//! [`ADAPTERS`].

mod adapter;
mod anthropic_messages;
mod azure_openai;
mod bedrock_converse;
mod call_id;
mod cohere;
mod counting;
mod encoding;
mod fault;
mod function_tool;
mod gemini;
mod mistral;
mod ollama;
mod openai_chat;
mod openai_model;
mod openai_responses;
mod operation;
mod pieces;
mod progress;
mod replay;
mod splice;
mod tier;
mod translate;
mod vertex;

pub use adapter::{
    Adapter, AnswerStream, Decoder, EncodeError, Inbound, Native, Outbound, Target, Unsupported,
    WholeAnswer,
};
pub use anthropic_messages::AnthropicMessages;
pub use azure_openai::AzureOpenAi;
pub use bedrock_converse::BedrockConverse;
pub use cohere::Cohere;
pub use fault::{Failure, Fault, FaultKind};
pub use gemini::Gemini;
pub use mistral::Mistral;
pub use ollama::Ollama;
pub use openai_chat::OpenAiChat;
pub use openai_responses::OpenAiResponses;
pub use operation::{Counter, Operations, Reply, Task, left_out};
pub use progress::Progress;
pub use translate::{dropped, encode, stream, whole};
pub use vertex::{Vertex, VertexAnthropic, VertexOpenAi};

/// Every adapter. A new protocol adds its file, a `mod` and an entry here.
pub static ADAPTERS: &[&dyn Adapter] = &[
    &OpenAiChat,
    &OpenAiResponses,
    &AzureOpenAi,
    &AnthropicMessages,
    &BedrockConverse,
    &Gemini,
    &Cohere,
    &Mistral,
    &Ollama,
    &Vertex,
    &VertexAnthropic,
    &VertexOpenAi,
];

/// The adapter that speaks `protocol`, as configuration names it.
pub fn adapter(protocol: &str) -> Option<&'static dyn Adapter> {
    ADAPTERS.iter().copied().find(|adapter| adapter.protocol() == protocol)
}

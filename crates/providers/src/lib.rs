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
//! A file with a type that implements [`Adapter`], and a line in the list below.

mod adapter;
mod call_id;
mod called;
mod chat_words;
mod continuation;
mod counting;
mod counts;
mod encoding;
mod fault;
mod function_tool;
mod openai_model;
mod operation;
mod pieces;
mod progress;
mod replay;
mod said;
mod splice;
mod tier;
mod translate;

pub use adapter::{
    Adapter, AnswerStream, Decoder, EncodeError, Fetches, Inbound, Native, Outbound, Target,
    Unsupported, WholeAnswer,
};
pub use called::{CALLED_BYTES_MAX, Called, ToolCalled};
pub use continuation::{Continuation, continued_call};
pub use fault::{Failure, Fault, FaultKind};
pub use operation::{Counter, Operations, Reply, Task, left_out};
pub use progress::Progress;
pub use said::{SAID_BYTES_MAX, Said};
pub use translate::{array_stream, dropped, encode, stream, whole};

/// The modules of adapters and the adapters in each.
macro_rules! adapters {
    ($($module:ident: $($adapter:ident),+;)+) => {
        $(mod $module;)+
        $(pub use $module::{$($adapter),+};)+

        /// Every adapter.
        pub static ADAPTERS: &[&dyn Adapter] = &[$($(&$adapter),+),+];
    };
}

// A new protocol is its file and a line here.
adapters! {
    openai_chat: OpenAiChat;
    openai_responses: OpenAiResponses;
    azure_openai: AzureOpenAi;
    anthropic_messages: AnthropicMessages;
    bedrock_converse: BedrockConverse;
    gemini: Gemini;
    cohere: Cohere;
    mistral: Mistral;
    ollama: Ollama;
    vertex: Vertex, VertexAnthropic, VertexOpenAi;
}

/// The adapter that speaks `protocol`, as configuration names it.
pub fn adapter(protocol: &str) -> Option<&'static dyn Adapter> {
    ADAPTERS.iter().copied().find(|adapter| adapter.protocol() == protocol)
}

//! A model provider made of real sockets: it speaks the protocols of many providers on one port,
//! answers deterministically, and goes wrong exactly as told.
//!
//! The demonstration, the tests and the benchmarks of the gateway call it as they would call a
//! provider, so it knows nothing of the gateway: what it gets right or wrong about a protocol is
//! its own reading of that provider's documentation.
//!
//! | Protocol | Paths | Callers |
//! | --- | --- | --- |
//! | OpenAI | `/v1/chat/completions`, `/v1/responses` | any bearer |
//! | Anthropic | `/v1/messages` | any `x-api-key` |
//! | Gemini | `/v1beta/models/{model}:generateContent` | any `x-goog-api-key` |
//! | Azure | `/openai/deployments/{model}/chat/completions`, `/openai/v1/…` | any `api-key` |
//! | Vertex AI | `/v1/projects/…/publishers/{google,anthropic}/models/{model}:…` | any bearer; `/token` gives one |
//! | Bedrock | `/model/{model}/converse`, `/model/{model}/converse-stream` | any bearer; or signed with [`AWS_ACCESS_KEY_ID`] |
//! | Cohere | `/v2/chat`, `/v2/embed`, `/v2/rerank`, `/cohere/v1/models` | any bearer |
//! | Mistral | `/mistral/v1/chat/completions`, `/mistral/v1/embeddings`, `/mistral/v1/moderations` | any bearer |
//! | Ollama | `/api/chat`, `/api/embed`, `/api/tags`, `/api/show`, `/api/version` | anyone |
//!
//! What is not a conversation is asked for at these paths too, by the same callers:
//!
//! | Protocol | Paths |
//! | --- | --- |
//! | OpenAI | `/v1/embeddings`, `/v1/images/generations`, `/v1/audio/speech`, `/v1/audio/transcriptions`, `/v1/moderations`, and `/v1/rerank` as Jina has it |
//! | Azure | `/openai/deployments/{model}/…` and `/openai/v1/…` with OpenAI's `embeddings`, `images/generations`, `audio/speech`, `audio/transcriptions` |
//! | Gemini, Vertex AI | `…/models/{model}:embedContent`, `:predict`; Gemini alone `:batchEmbedContents` |
//!
//! A key that contains `wrong` or `invalid` is a wrong one.
//!
//! - Models: see [`MODELS`] and, for what is not a conversation, [`OPERATION_MODELS`]. A name that
//!   is not listed answers like `prose`; `missing-model` answers with the protocol's error for it.
//! - Faults and speed: see [`Script`] and [`Timing`]. A script is set for the server
//!   ([`Simulator::script`]), by suffixes of the model's name (`prose+status:503`), or by the
//!   header `x-simulate` (`status:429;retry-after:7`); the later one wins.
//! - Records: see [`Simulator::requests`].
//!
//! The same seed and the same requests in the same order give the same bytes, but for the time of
//! day, which [`SimulatorConfig::now`] can fix.
//!
//! Left out on purpose: TLS, images and sound in the answers of conversations, `n` above 1 there,
//! judging sampling parameters, and judging which model can do what. Of operations: meaning (texts
//! that are alike have no vectors that are), editing images, video, speech and transcripts as
//! events, translations, files and batches. Of single protocols: what is stored or runs in the
//! background, hosted tools and log probabilities (Responses); the age of signatures, guardrails
//! and `InvokeModel` (Bedrock); the content of documents (Cohere); `/api/generate` (Ollama); the
//! signatures of assertions, embeddings by `:predict` (Vertex AI); filters that find something
//! (Azure).

mod answer;
mod anthropic;
mod azure;
mod bedrock;
mod bench;
mod body;
mod checksum;
mod cohere;
mod config;
mod control;
mod encode;
mod event;
mod failure;
mod garnish;
mod gemini;
mod harm;
mod mistral;
mod model;
mod ollama;
mod openai;
mod operation;
mod pace;
mod picture;
mod player;
mod prompt;
mod protocol;
mod random;
mod record;
mod relevance;
mod responses;
mod route;
mod script;
mod server;
mod service;
mod sound;
mod state;
mod tokens;
mod vector;
mod vertex;

pub use bedrock::{AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY};
pub use config::SimulatorConfig;
pub use model::{MODELS, OPERATION_MODELS};
pub use pace::Timing;
pub use protocol::Protocol;
pub use record::{NAMES_MAX, REQUEST_BYTES_MAX, REQUESTS_MAX, RecordedRequest};
pub use script::{Break, FailFirst, Front, MediaType, Script, ScriptError};
pub use server::Simulator;

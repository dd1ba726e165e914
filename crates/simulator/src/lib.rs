//! A model provider made of real sockets: it speaks the protocols of OpenAI, Anthropic and Gemini
//! on one port, answers deterministically, and goes wrong exactly as told.
//!
//! The demonstration, the tests and the benchmarks of the gateway call it as they would call a
//! provider, so it knows nothing of the gateway: what it gets right or wrong about a protocol is
//! its own reading of that provider's documentation.
//!
//! - Models: see [`MODELS`]. A name that is not listed answers like `prose`; `missing-model`
//!   answers with the protocol's 404.
//! - Faults and speed: see [`Script`] and [`Timing`]. A script is set for the server
//!   ([`Simulator::script`]), by suffixes of the model's name (`prose+status:503`), or by the
//!   header `x-simulate` (`status:429;retry-after:7`); the later one wins.
//! - Records: see [`Simulator::requests`].
//!
//! The same seed and the same requests in the same order give the same bytes, but for the time of
//! day, which [`SimulatorConfig::now`] can fix.
//!
//! Left out on purpose: TLS, embeddings, images, audio, the Responses API, `n` above 1, and
//! judging sampling parameters.

mod answer;
mod anthropic;
mod bench;
mod body;
mod config;
mod control;
mod event;
mod failure;
mod gemini;
mod model;
mod openai;
mod pace;
mod player;
mod prompt;
mod protocol;
mod random;
mod record;
mod route;
mod script;
mod server;
mod service;
mod state;
mod tokens;

pub use config::SimulatorConfig;
pub use model::MODELS;
pub use pace::Timing;
pub use protocol::Protocol;
pub use record::{NAMES_MAX, REQUEST_BYTES_MAX, REQUESTS_MAX, RecordedRequest};
pub use script::{Break, FailFirst, Front, Script, ScriptError};
pub use server::Simulator;

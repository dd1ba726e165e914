//! The public dialects as values and bytes. No I/O.
//!
//! # What lives here
//!
//! - [`json`]: reading JSON without building it, writing objects from spans.
//! - [`sse`]: server-sent events from packets.
//! - [`chat`]: the chat completions dialect (contract §2 and §3): the request as received, the
//!   request as values, the answer as events, chunks and completions.
//! - [`batch`]: many requests in one body (§1.1).
//! - [`operation`]: calls that are not conversations (§1.1).
//! - [`error`]: the contract's error envelope and vocabulary (§4).
//!
//! # What is deliberately absent
//!
//! Providers and prices. A cost arrives here as an amount to print.

mod answer;
pub mod batch;
mod call;
pub mod chat;
mod completions;
mod dialect;
pub mod error;
mod gemini;
pub mod json;
mod kept;
mod messages;
mod ollama;
mod opening;
pub mod operation;
mod preset;
mod response_cache;
mod responses;
pub mod router_metadata;
pub mod sse;
mod translation;
mod user_text;
mod weight;

pub use answer::{AnswerBuilder, AnswerWriter, Position};
pub use call::{Call, error_body};
pub use dialect::{Address, DIALECTS, Dialect, GATEWAY_MEMBERS, Received};
pub use kept::KeptAnswer;
pub use preset::Preset;
pub use response_cache::{CACHE_TTL_SECONDS, CacheWish};
pub use weight::Weight;

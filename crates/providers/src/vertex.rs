//! Google Vertex AI: Gemini by Gemini's protocol, Claude by Anthropic's, others by OpenAI's.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>,
//! <https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai>
//!
//! The bodies and the answers are those of the two adapters next door; addresses and credentials
//! are Vertex AI's own. The base URL is that of a place in a project
//! (`https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5`), or
//! `https://aiplatform.googleapis.com/v1` with an API key in express mode.
//!
//! # Decisions
//!
//! - Calls of tools have no ids there. Results are put into the order of their calls, by which
//!   Vertex AI matches them.
//! - Media by address are fetched for Gemini and must have a type: one that the address does not
//!   tell is guessed. For Claude they are not fetched, so they are
//!   [unsupported](crate::Unsupported).
//! - Clients that speak Gemini's or Anthropic's API themselves are served by the relays next door.
//!   Contents that say too little for this host or hold ids are rewritten; results in another
//!   order than their calls are translated.
//! - A tier is asked for in a header for Gemini. For Claude there is none.
//! - Models of other makers speak OpenAI's chat, under one address.

mod address;
mod anthropic;
mod contents;
mod counter;
mod gemini;
mod operations;
mod partners;

pub use anthropic::VertexAnthropic;
pub use gemini::Vertex;
pub use partners::VertexOpenAi;

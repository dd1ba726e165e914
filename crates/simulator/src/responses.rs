//! OpenAI's Responses API, whole and streamed. Nothing is stored: an answer can't be referred to.
//!
//! Source: <https://platform.openai.com/docs/api-reference/responses>.

mod check;
mod echo;
mod read;
mod wire;
mod write;

pub(crate) use check::missing;
pub(crate) use read::{read, read_prompt};

/// How encrypted reasoning begins; what begins otherwise is not ours.
const ENCRYPTED: &str = "gAAAAAB";

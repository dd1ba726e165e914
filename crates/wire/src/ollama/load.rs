//! The answer to a request without messages, by which clients have a model loaded or let go.
//!
//! <https://docs.ollama.com/api/chat>

use serde::Serialize;
use tollgate_types::Timestamp;

use super::line::Message;
use crate::json::RawObject;

#[derive(Debug, Serialize)]
struct Loaded<'a> {
    model: &'a str,
    created_at: String,
    message: Message<'a>,
    done_reason: &'static str,
    done: bool,
}

/// Says that `model` is loaded, or no longer: one line, whether streamed or whole.
pub(crate) fn loaded(object: &RawObject, model: &str, now: Timestamp) -> Vec<u8> {
    let keep_alive = object.member("keep_alive").unwrap_or_default().trim_matches('"');
    let lets_go = matches!(keep_alive, "0" | "0s" | "0m" | "0h");
    let answer = Loaded {
        model,
        created_at: now.to_rfc3339(),
        message: Message::default(),
        done_reason: if lets_go { "unload" } else { "load" },
        done: true,
    };
    let mut line = serde_json::to_vec(&answer).unwrap_or_default();
    line.push(b'\n');
    line
}

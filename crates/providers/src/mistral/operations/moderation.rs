//! Whether texts are harmful, in categories of its own.

use serde::Serialize;
use tollgate_wire::operation::{ModerationInput, ModerationRequest};

use crate::{Task, Unsupported};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<String>,
}

/// The body. Parts that are judged together are one text.
pub(super) fn body(task: &Task<'_>, request: &ModerationRequest) -> Result<Vec<u8>, Unsupported> {
    let mut input = Vec::new();
    let mut parts: Vec<&str> = Vec::new();
    for one in &request.inputs {
        match one {
            ModerationInput::Text(text) => input.push(text.clone()),
            ModerationInput::TextPart(text) => parts.push(text),
            ModerationInput::ImagePart(_) => {
                return Err(Unsupported("moderation of pictures".to_owned()));
            }
        }
    }
    if !parts.is_empty() {
        input.push(parts.join("\n"));
    }
    let body = Body { model: task.target.upstream_model, input };
    serde_json::to_vec(&body).map_err(|error| Unsupported(error.to_string()))
}

//! Reads requests that have passed the checks, mostly as OpenAI's are read.

use serde_json::Value;

use super::check;
use super::write::Encoder;
use crate::failure::Failure;
use crate::openai;
use crate::prompt::{Thinking, ToolChoice};
use crate::protocol::{Asked, Asking};

/// Reads a request.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    let Asking { body, label, .. } = asking;
    check::request(body)?;
    let mut prompt = openai::read_prompt(body)?;
    prompt.seed = body.get("random_seed").and_then(Value::as_i64).map_or(0, i64::cast_unsigned);
    if body.get("tool_choice").and_then(Value::as_str) == Some("any") {
        prompt.choice = ToolChoice::Forced(Vec::new());
    }
    if body.get("reasoning_effort").and_then(Value::as_str) == Some("none") {
        prompt.thinking = Thinking::Off;
    }
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    Ok(Asked { prompt, encoder: Box::new(Encoder::new(label)), streamed })
}

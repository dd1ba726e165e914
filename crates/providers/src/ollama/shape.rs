//! What the server sends, as far as it is read. Unknown fields are ignored and every field may be
//! absent or null.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tollgate_types::{Usage, UsageSource};

use crate::counts::said;

/// A line of a stream, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    pub(super) created_at: Option<String>,
    pub(super) message: Option<Message>,
    pub(super) done: Option<bool>,
    pub(super) done_reason: Option<String>,
    pub(super) logprobs: Option<Box<RawValue>>,
    pub(super) error: Option<IgnoredAny>,
    #[serde(deserialize_with = "said")]
    pub(super) prompt_eval_count: Option<u64>,
    #[serde(deserialize_with = "said")]
    pub(super) eval_count: Option<u64>,
}

/// What the assistant says, or a piece of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) content: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) tool_calls: Option<Vec<ToolCall>>,
}

/// A whole call of a tool.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall {
    pub(super) id: Option<String>,
    pub(super) function: Function,
}

/// What is called.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<Box<RawValue>>,
}

/// Counts in our totals; nothing where none was said. A server that leaves out the prompt had it
/// in its cache.
pub(super) fn usage(prompt_eval_count: Option<u64>, eval_count: Option<u64>) -> Option<Usage> {
    let prompt_tokens = prompt_eval_count.unwrap_or(0);
    let completion_tokens = eval_count.unwrap_or(0);
    if prompt_tokens == 0 && completion_tokens == 0 {
        return None;
    }
    let source = UsageSource::Reported;
    Some(Usage { source, prompt_tokens, completion_tokens, ..Usage::default() })
}

//! What an answer is made of on the wire: lines of JSON, or one object.
//!
//! <https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion>

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{AnswerHead, FinishReason, UsageView};
use crate::json::UsdNumber;

/// A line of a stream, or a whole answer.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    pub(super) model: &'a str,
    pub(super) created_at: &'a str,
    pub(super) message: Message<'a>,
    /// Beside the message, not in it: the API answers with no images yet, and its clients don't
    /// agree on their form. The official Python client breaks on strings in `message.images`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) images: &'a [&'a str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) logprobs: &'a [Box<RawValue>],
    pub(super) done: bool,
}

/// A piece of the message, or all of it.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) thinking: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) tool_calls: &'a [ToolCall<'a>],
}

/// A call of a tool.
#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    pub(super) id: &'a str,
    pub(super) function: Function<'a>,
}

/// What is called, and with what.
#[derive(Debug, Serialize)]
pub(super) struct Function<'a> {
    pub(super) index: u32,
    pub(super) name: &'a str,
    pub(super) arguments: &'a RawValue,
}

/// What the last line has besides.
#[derive(Debug, Serialize)]
pub(super) struct Ending<'a> {
    done_reason: &'static str,
    total_duration: u64,
    load_duration: u64,
    prompt_eval_count: u64,
    prompt_eval_duration: u64,
    eval_count: u64,
    eval_duration: u64,
    cost: UsdNumber,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_estimated: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unpriced: bool,
    provider: &'a str,
    native_finish_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Default for Message<'_> {
    fn default() -> Self {
        Self { role: "assistant", content: "", thinking: "", tool_calls: &[] }
    }
}

impl Line<'_> {
    /// Appends the line as JSON, without its end.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(start);
            out.extend_from_slice(b"{}");
        }
    }

    /// Appends the last line as JSON: one object with what the ending adds.
    pub(super) fn write_last(&self, ending: &Ending<'_>, out: &mut Vec<u8>) {
        self.write(out);
        let joint = out.len().saturating_sub(1);
        let start = out.len();
        if serde_json::to_writer(&mut *out, ending).is_err() {
            out.truncate(start);
            return;
        }
        // `}{` between the two becomes a comma.
        drop(out.splice(joint..=start, [b',']));
    }
}

impl<'a> Ending<'a> {
    /// Says why the answer ended, and what it came to.
    pub(super) fn new(
        provider: &'a str,
        finish: (FinishReason, &'a str),
        usage: &UsageView,
        error: Option<&'a str>,
    ) -> Self {
        let (reason, native_finish_reason) = finish;
        Self {
            done_reason: if reason == FinishReason::Length { "length" } else { "stop" },
            total_duration: 0,
            load_duration: 0,
            prompt_eval_count: usage.usage.prompt_tokens,
            prompt_eval_duration: 0,
            eval_count: usage.usage.completion_tokens,
            eval_duration: 0,
            cost: UsdNumber(usage.cost),
            is_estimated: usage.usage.is_estimated(),
            is_unpriced: usage.unpriced,
            provider,
            native_finish_reason,
            error,
        }
    }
}

/// When an answer was created, as a line says it.
pub(super) fn created_at(head: &AnswerHead) -> String {
    head.created.to_rfc3339()
}

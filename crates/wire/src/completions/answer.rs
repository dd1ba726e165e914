//! What an answer is made of on the wire (contract §1.1).

use serde::Serialize;

use super::logprobs::LegacyLogprobs;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorObject;

/// A chunk, or a whole answer.
#[derive(Debug, Serialize)]
pub(super) struct TextCompletion<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    provider: &'a str,
    system_fingerprint: Option<()>,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a ErrorObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<&'a UsageView>,
}

/// The one choice.
#[derive(Debug, Default, Serialize)]
pub(super) struct Choice<'a> {
    pub(super) index: u32,
    pub(super) text: &'a str,
    pub(super) logprobs: Option<&'a LegacyLogprobs>,
    pub(super) finish_reason: Option<&'static str>,
    pub(super) native_finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a ErrorObject>,
}

impl<'a> TextCompletion<'a> {
    /// An answer of one choice.
    pub(super) fn new(head: &'a AnswerHead, choice: Choice<'a>) -> Self {
        Self {
            id: head.id.as_str(),
            object: "text_completion",
            created: head.created.unix_seconds(),
            model: &head.model,
            provider: &head.provider,
            system_fingerprint: None,
            choices: [choice],
            error: None,
            usage: None,
        }
    }

    /// Appends it as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(start);
            out.extend_from_slice(b"{}");
        }
    }
}

impl<'a> Choice<'a> {
    /// Says why the answer ended.
    pub(super) fn ended(self, finish: (FinishReason, &'a str)) -> Self {
        let (reason, native) = finish;
        let finish_reason = Some(reason.as_str());
        Self { finish_reason, native_finish_reason: Some(native), ..self }
    }
}

/// What an event adds to the text: images, sound and citations have no place in it, but what is
/// said in sound has.
pub(super) fn text_of(event: &ChatEvent) -> Option<&str> {
    let text = match event {
        ChatEvent::Text(text) | ChatEvent::Refusal(text) => text,
        ChatEvent::Audio(piece) => piece.transcript.as_deref()?,
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// How many characters a text has.
pub(super) fn characters(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

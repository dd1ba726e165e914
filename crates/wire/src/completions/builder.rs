//! A whole answer.

use super::answer::{Choice, TextCompletion, characters, text_of};
use super::logprobs::LegacyLogprobs;
use crate::answer::AnswerBuilder;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Collects an answer.
#[derive(Debug)]
pub(super) struct TextBuilder {
    text: String,
    /// Characters before the next token.
    offset: u64,
    reasoning: String,
    logprobs: LegacyLogprobs,
    finish: Option<(FinishReason, String)>,
}

impl TextBuilder {
    /// Starts an answer; `echo` stands before it.
    pub(super) fn new(echo: String) -> Self {
        Self {
            offset: characters(&echo),
            text: echo,
            reasoning: String::new(),
            logprobs: LegacyLogprobs::default(),
            finish: None,
        }
    }
}

impl AnswerBuilder for TextBuilder {
    fn event(&mut self, event: ChatEvent) {
        if let Some(text) = text_of(&event) {
            self.text.push_str(text);
            return;
        }
        match event {
            ChatEvent::Reasoning(detail) => self.reasoning.push_str(detail.text()),
            ChatEvent::Logprobs(logprobs) => self.logprobs.add(&logprobs, &mut self.offset),
            ChatEvent::Finish { reason, native } => self.finish = Some((reason, native)),
            _ => {}
        }
    }

    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8> {
        let finish = match (&self.finish, error) {
            (_, Some(_)) => (FinishReason::Error, "error"),
            (Some((reason, native)), None) => (*reason, native.as_str()),
            (None, None) => (FinishReason::Stop, "stop"),
        };
        let choice = Choice {
            text: &self.text,
            logprobs: Some(&self.logprobs).filter(|it| !it.is_empty()),
            reasoning: Some(self.reasoning.as_str()).filter(|it| !it.is_empty()),
            error: error.map(|body| &body.error),
            ..Choice::default()
        };
        let mut completion = TextCompletion::new(head, choice.ended(finish));
        completion.usage = Some(usage);
        let mut out = Vec::new();
        completion.write(&mut out);
        out
    }
}

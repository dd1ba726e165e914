//! A streamed answer: chunks like those of chat, with text in place of a delta.

use super::answer::{Choice, TextCompletion, characters, text_of};
use super::logprobs::LegacyLogprobs;
use crate::answer::{AnswerWriter, Position};
use crate::chat::{AnswerHead, ChatEvent, DONE, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Writes a stream.
#[derive(Debug)]
pub(super) struct TextWriter {
    head: AnswerHead,
    /// What stands before the answer, until it was written.
    echo: String,
    /// Characters before the next token.
    offset: u64,
}

impl TextWriter {
    /// Prepares a stream; `echo` stands before the answer.
    pub(super) fn new(head: &AnswerHead, echo: String) -> Self {
        Self { head: head.clone(), offset: characters(&echo), echo }
    }

    fn chunk(&self, out: &mut Vec<u8>, choice: Choice<'_>) {
        frame(out, &TextCompletion::new(&self.head, choice));
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        let echo = std::mem::take(&mut self.echo);
        if !echo.is_empty() {
            self.chunk(out, Choice { text: &echo, ..Choice::default() });
        }
    }
}

fn frame(out: &mut Vec<u8>, completion: &TextCompletion<'_>) {
    out.extend_from_slice(b"data: ");
    completion.write(out);
    out.extend_from_slice(b"\n\n");
}

impl AnswerWriter for TextWriter {
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent) {
        if event.is_content() {
            self.begin(out);
        }
        if let Some(text) = text_of(event) {
            self.chunk(out, Choice { text, ..Choice::default() });
            return;
        }
        match event {
            ChatEvent::Reasoning(detail) if !detail.text().is_empty() => {
                let reasoning = Some(detail.text());
                self.chunk(out, Choice { reasoning, ..Choice::default() });
            }
            ChatEvent::Logprobs(logprobs) => {
                let mut legacy = LegacyLogprobs::default();
                legacy.add(logprobs, &mut self.offset);
                if !legacy.is_empty() {
                    self.chunk(out, Choice { logprobs: Some(&legacy), ..Choice::default() });
                }
            }
            // The finish is told with the usage, on the last chunk.
            _ => {}
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView) {
        self.begin(out);
        let mut completion = TextCompletion::new(&self.head, Choice::default().ended(finish));
        completion.usage = Some(usage);
        frame(out, &completion);
        out.extend_from_slice(DONE);
    }

    /// As chat has it (contract §3.3).
    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        let choice = Choice::default().ended((FinishReason::Error, "error"));
        let mut completion = TextCompletion::new(&self.head, choice);
        completion.error = Some(&error.error);
        completion.usage = usage;
        frame(out, &completion);
        out.extend_from_slice(DONE);
    }

    fn resume(&mut self, _: Position) {
        self.echo.clear();
    }
}

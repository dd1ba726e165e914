//! A streamed answer: lines of JSON.

use super::compose::{Composer, Piece};
use super::error_json;
use super::line::{Ending, Function, Line, Message, ToolCall, created_at};
use crate::answer::AnswerWriter;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Writes a stream.
#[derive(Debug)]
pub(super) struct LineWriter {
    composer: Composer,
    head: Head,
}

#[derive(Debug)]
struct Head {
    model: String,
    created_at: String,
    provider: String,
}

/// Clients take every line for JSON, even an empty one.
pub(super) const KEEP_ALIVE: &[u8] = b"";

impl LineWriter {
    /// Prepares a stream.
    pub(super) fn new(head: &AnswerHead) -> Self {
        let (model, provider) = (head.model.clone(), head.provider.clone());
        let head = Head { model, created_at: created_at(head), provider };
        Self { composer: Composer::default(), head }
    }
}

impl AnswerWriter for LineWriter {
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent) {
        self.composer.event(event, &mut |piece| self.head.piece(out, piece));
    }

    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView) {
        self.composer.finish(finish.0, &mut |piece| self.head.piece(out, piece));
        let line = Line { done: true, ..self.head.line(Message::default()) };
        line.write_last(&Ending::new(&self.head.provider, finish, usage, None), out);
        out.push(b'\n');
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, _: Option<&UsageView>) {
        out.extend_from_slice(&error_json(error));
        out.push(b'\n');
    }
}

impl Head {
    fn line<'a>(&'a self, message: Message<'a>) -> Line<'a> {
        let (model, created_at) = (self.model.as_str(), self.created_at.as_str());
        Line { model, created_at, message, images: &[], logprobs: &[], done: false }
    }

    fn piece(&self, out: &mut Vec<u8>, piece: Piece<'_>) {
        let empty = Message::default();
        match piece {
            Piece::Content(content) => self.line(Message { content, ..empty }).write(out),
            Piece::Thinking(thinking) => self.line(Message { thinking, ..empty }).write(out),
            Piece::Image(image) => Line { images: &[image], ..self.line(empty) }.write(out),
            Piece::Call { id, index, name, arguments } => {
                let function = Function { index, name, arguments };
                let tool_calls = &[ToolCall { id, function }];
                self.line(Message { tool_calls, ..empty }).write(out);
            }
            Piece::Logprobs(logprobs) => {
                Line { logprobs: &logprobs, ..self.line(empty) }.write(out);
            }
        }
        out.push(b'\n');
    }
}

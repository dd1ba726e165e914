//! A whole answer.

use serde_json::value::RawValue;

use super::compose::{Composer, Piece};
use super::line::{Ending, Function, Line, Message, ToolCall, created_at};
use crate::answer::AnswerBuilder;
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Collects an answer.
#[derive(Debug, Default)]
pub(super) struct LineBuilder {
    composer: Composer,
    said: Said,
    finish: Option<(FinishReason, String)>,
}

#[derive(Debug, Clone, Default)]
struct Said {
    content: String,
    thinking: String,
    images: Vec<String>,
    calls: Vec<Call>,
    logprobs: Vec<Box<RawValue>>,
}

#[derive(Debug, Clone)]
struct Call {
    id: String,
    index: u32,
    name: String,
    arguments: Box<RawValue>,
}

impl Call {
    fn written(&self) -> ToolCall<'_> {
        let function = Function { index: self.index, name: &self.name, arguments: &self.arguments };
        ToolCall { id: &self.id, function }
    }
}

impl Said {
    fn add(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Content(text) => self.content.push_str(text),
            Piece::Thinking(text) => self.thinking.push_str(text),
            Piece::Image(image) => self.images.push(image.to_owned()),
            Piece::Call { id, index, name, arguments } => self.calls.push(Call {
                id: id.to_owned(),
                index,
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            }),
            Piece::Logprobs(logprobs) => self.logprobs.extend(logprobs),
        }
    }
}

impl LineBuilder {
    /// What was said, with what an answer that was not ended has waiting.
    fn settled(&self) -> Said {
        let (mut composer, mut said) = (self.composer.clone(), self.said.clone());
        composer.finish(FinishReason::Stop, &mut |piece| said.add(piece));
        said
    }
}

impl AnswerBuilder for LineBuilder {
    fn event(&mut self, event: ChatEvent) {
        self.composer.event(&event, &mut |piece| self.said.add(piece));
        if let ChatEvent::Finish { reason, native } = event {
            self.finish = Some((reason, native));
        }
    }

    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8> {
        let said = if error.is_some() { self.said.clone() } else { self.settled() };
        let images: Vec<&str> = said.images.iter().map(String::as_str).collect();
        let tool_calls: Vec<ToolCall<'_>> = said.calls.iter().map(Call::written).collect();
        let line = Line {
            model: &head.model,
            created_at: &created_at(head),
            message: Message {
                content: &said.content,
                thinking: &said.thinking,
                tool_calls: &tool_calls,
                ..Message::default()
            },
            images: &images,
            logprobs: &said.logprobs,
            done: true,
        };
        let ended = self.finish.as_ref().map_or((FinishReason::Stop, "stop"), |it| (it.0, &it.1));
        let finish = if error.is_some() { (FinishReason::Error, "error") } else { ended };
        let error = error.map(|body| body.error.message.as_str());
        let mut out = Vec::new();
        line.write_last(&Ending::new(&head.provider, finish, usage, error), &mut out);
        out
    }
}

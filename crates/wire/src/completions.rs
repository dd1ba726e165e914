//! OpenAI's legacy text completions, for clients that speak them (contract §1.1).
//!
//! The prompt is wrapped as one user message; what the assistant says is the text. Everything
//! else has the names that chat has, and goes on as it is.
//!
//! # What is deliberately absent
//!
//! Several prompts or choices in one request, and prompts as tokens of one model's vocabulary.
//! Tools: an answer has no place for their calls.

mod answer;
mod builder;
mod logprobs;
mod request;
mod writer;

#[cfg(test)]
mod tests;

use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::AnswerHead;
use crate::dialect::{AnswerForm, Reading, Received, RequestForm};
use crate::error::{BadRequest, ErrorBody};
use crate::json::ObjectWriter;

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completions;

impl RequestForm for Completions {
    fn read(&self, received: &Received<'_>) -> Result<Reading, BadRequest> {
        request::read(received.object)
    }

    fn to_chat(
        &self,
        received: &Received<'_>,
        chat: &mut ObjectWriter<'_>,
    ) -> Result<Vec<String>, BadRequest> {
        request::to_chat(received.object, chat)
    }
}

impl AnswerForm for Completions {
    fn writer(&self, received: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        let echo = received.map_or_else(String::new, |it| request::echo(it.object));
        Box::new(writer::TextWriter::new(head, echo))
    }

    fn builder(&self, received: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        let echo = received.map_or_else(String::new, |it| request::echo(it.object));
        Box::new(builder::TextBuilder::new(echo))
    }

    /// As in chat (contract §4.1).
    fn error(&self, error: &ErrorBody, _: Option<&GenerationId>) -> Vec<u8> {
        error.to_json()
    }
}

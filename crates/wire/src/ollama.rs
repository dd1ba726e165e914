//! Ollama `/api/chat`, for clients that speak it.
//!
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>
//!
//! # Decisions
//!
//! - Names of models are the gateway's; a tag is not taken off.
//! - Calls and results may go without ids, as in the API's older versions: then they are matched
//!   by name and order.
//! - A request without messages asks that the model be loaded. There is nothing to load, so it is
//!   answered here, as Ollama does, and no provider is asked.
//! - There is no clock here: durations are zero, which is what they are for a cached answer.
//! - What the API has no word for is not made up: signatures of thoughts, citations and sound are
//!   left out of the answer. Images stand beside the message, `cost`, `provider` and
//!   `native_finish_reason` on the last line, where clients pass over them.

mod builder;
mod compose;
mod line;
mod load;
mod messages;
mod options;
mod request;
mod survey;
mod writer;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod request_tests;

pub(crate) use load::loaded;

use std::borrow::Cow;

use serde::Serialize;
use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::AnswerHead;
use crate::dialect::{AnswerForm, Reading, Received, RequestForm};
use crate::error::{BadRequest, ErrorBody, ErrorType};
use crate::json::ObjectWriter;

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ollama;

impl RequestForm for Ollama {
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

impl AnswerForm for Ollama {
    fn writer(&self, _: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        Box::new(writer::LineWriter::new(head))
    }

    fn builder(&self, _: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        Box::new(builder::LineBuilder::default())
    }

    fn error(&self, error: &ErrorBody, _: Option<&GenerationId>) -> Vec<u8> {
        error_json(error)
    }

    fn keep_alive(&self, _: Option<&Received<'_>>) -> &'static [u8] {
        writer::KEEP_ALIVE
    }

    fn stream_type(&self, _: Option<&Received<'_>>) -> &'static str {
        "application/x-ndjson"
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    error: Cow<'a, str>,
}

/// The words by which Ollama's clients know that a prompt is too long: there are no codes here.
const TOO_LONG: &str = "the input length exceeds the context length";

fn error_json(body: &ErrorBody) -> Vec<u8> {
    let error = &body.error;
    let mut message = Cow::Borrowed(error.message.as_str());
    // There is no other place for what the provider said.
    if let Some(raw) = error.metadata.raw.as_deref().filter(|raw| !message.contains(raw)) {
        message = Cow::Owned(format!("{message}: {raw}"));
    }
    let is_too_long = error.error_type == ErrorType::ContextLengthExceeded.as_str();
    if is_too_long && !message.contains("exceeds the context length") {
        message = Cow::Owned(format!("{TOO_LONG}: {message}"));
    }
    serde_json::to_vec(&Failure { error: message })
        .unwrap_or_else(|_| br#"{"error":"internal error"}"#.to_vec())
}

//! OpenAI's Responses dialect (contract §3.5).
//!
//! <https://platform.openai.com/docs/api-reference/responses>
//!
//! # What lives here
//!
//! - `read`: what routing and metering need of a request.
//! - `request`, `items`, `parts`, `turn`, `tools`, `text`: the request as a chat request.
//! - `annotation`: citations, in both directions.
//! - `output`, `item`: an answer as output items, whichever way it is written.
//! - `writer`, `builder`: the answer as a stream and as one object, both from the same items.
//! - `response`, `echo`, `usage`, `error`: the response object around them.
//!
//! # What is deliberately absent
//!
//! State. The contract makes this API stateless: nothing is stored, so nothing can be referred to.

mod annotation;
mod builder;
mod echo;
mod error;
mod item;
mod items;
mod output;
mod parts;
mod read;
mod request;
mod response;
mod text;
mod tools;
mod turn;
mod usage;
mod writer;

#[cfg(test)]
mod tests;

use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::AnswerHead;
use crate::dialect::{AnswerForm, Reading, Received, RequestForm};
use crate::error::{BadRequest, ErrorBody};
use crate::json::ObjectWriter;

/// The Responses dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Responses;

impl RequestForm for Responses {
    fn read(&self, received: &Received<'_>) -> Result<Reading, BadRequest> {
        read::reading(received.object)
    }

    fn to_chat(
        &self,
        received: &Received<'_>,
        chat: &mut ObjectWriter<'_>,
    ) -> Result<Vec<String>, BadRequest> {
        request::to_chat(received.object, chat)
    }
}

impl AnswerForm for Responses {
    fn writer(&self, received: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        Box::new(writer::ResponseWriter::new(received.map(|it| it.object), head))
    }

    fn builder(&self, received: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        Box::new(builder::ResponseBuilder::new(received.map(|it| it.object)))
    }

    fn error(&self, error: &ErrorBody, id: Option<&GenerationId>) -> Vec<u8> {
        error::body(error, id)
    }
}

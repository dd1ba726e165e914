//! Gemini `generateContent`, for clients that speak it.
//!
//! <https://ai.google.dev/api/generate-content>
//!
//! The mirror of the `gemini` adapter: what that one makes of a chat request and of an answer is
//! taken back here, so that a Gemini client reaches a Gemini provider through chat without loss.
//!
//! # Decisions
//!
//! - Both spellings of every name are taken, and one value where a list is expected, as the API
//!   does.
//! - Thoughts are hidden here and not by `reasoning.exclude`, which would take their signatures
//!   along: clients get those whether they want to see thoughts or not, and must send them back.
//! - Nothing is added to the answer. What the call cost is found under its id.

mod builder;
mod compose;
mod config;
mod contents;
mod grounding;
mod inlining;
mod names;
mod part;
mod request;
mod response;
mod schema;
mod seal;
mod status;
mod survey;
mod tools;
mod writer;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod request_tests;

pub(crate) use seal::MARK_BASE64 as SEAL;
pub(crate) use survey::is_film;
use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::{AnswerHead, RemoteMedia};
use crate::dialect::{AnswerForm, Reading, Received, RequestForm};
use crate::error::{BadRequest, ErrorBody};
use crate::json::{ObjectWriter, RawObject};

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gemini;

impl RequestForm for Gemini {
    fn read(&self, received: &Received<'_>) -> Result<Reading, BadRequest> {
        request::read(received)
    }

    fn to_chat(
        &self,
        received: &Received<'_>,
        chat: &mut ObjectWriter<'_>,
    ) -> Result<Vec<String>, BadRequest> {
        request::to_chat(received, chat)
    }

    fn with_media(&self, object: &RawObject, media: &[(RemoteMedia, String)]) -> Option<RawObject> {
        inlining::inlined(object, media)
    }
}

impl AnswerForm for Gemini {
    fn writer(&self, received: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        let as_array = received.is_some_and(|it| it.address.as_array);
        let shows_thoughts = received.is_some_and(|it| request::shows_thoughts(it.object));
        Box::new(writer::StreamWriter::new(head, as_array, shows_thoughts))
    }

    fn builder(&self, received: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        let shows_thoughts = received.is_some_and(|it| request::shows_thoughts(it.object));
        Box::new(builder::ResponseBuilder::new(shows_thoughts))
    }

    fn error(&self, error: &ErrorBody, id: Option<&GenerationId>) -> Vec<u8> {
        status::error_json(error, id.map(GenerationId::as_str))
    }

    fn keep_alive(&self, _: Option<&Received<'_>>) -> &'static [u8] {
        writer::KEEP_ALIVE
    }

    fn stream_type(&self, received: Option<&Received<'_>>) -> &'static str {
        if received.is_some_and(|it| it.address.as_array) {
            return "application/json";
        }
        "text/event-stream"
    }
}

//! Anthropic Messages as one of the dialects a client may speak (contract §3.6).
//!
//! Requests: `read` and `survey` find out what routing and metering need, `request` and the modules
//! under it translate into chat. Answers: `blocks` turns events into content blocks one operation
//! at a time; `writer` writes the operations as server-sent events, `builder` collects them into a
//! message, so both say the same.
//!
//! What is deliberately absent: Anthropic's own server tools, containers, MCP servers and context
//! editing. They need Anthropic's servers; a translated request leaves them out by name.
//!
//! <https://docs.anthropic.com/en/api/messages>,
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

mod assistant;
mod blocks;
mod builder;
mod content;
mod error;
mod fields;
mod object;
mod output;
mod read;
mod request;
mod seal;
mod stop;
mod survey;
#[cfg(test)]
mod tests;
mod thinking;
mod tools;
mod turns;
mod usage;
mod writer;

pub(crate) use seal::PREFIX as SEAL;
use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::AnswerHead;
use crate::dialect::{AnswerForm, Reading, Received, RequestForm};
use crate::error::{BadRequest, ErrorBody};
use crate::json::ObjectWriter;

/// The Messages dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages;

impl RequestForm for Messages {
    fn read(&self, received: &Received<'_>) -> Result<Reading, BadRequest> {
        read::read(received.object)
    }

    fn to_chat(
        &self,
        received: &Received<'_>,
        chat: &mut ObjectWriter<'_>,
    ) -> Result<Vec<String>, BadRequest> {
        request::to_chat(received.object, chat)
    }
}

impl AnswerForm for Messages {
    fn writer(&self, received: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        Box::new(writer::MessageWriter::new(head, Wishes::of(received)))
    }

    fn builder(&self, received: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        Box::new(builder::MessageBuilder::new(Wishes::of(received)))
    }

    fn keep_alive(&self, _: Option<&Received<'_>>) -> &'static [u8] {
        writer::PING
    }

    fn error(&self, error: &ErrorBody, id: Option<&GenerationId>) -> Vec<u8> {
        error::body(error, id.map(GenerationId::as_str))
    }
}

/// What of a request decides how its answer is written.
#[derive(Debug, Clone, Copy, Default)]
struct Wishes {
    /// Whether thoughts are signed and not shown.
    omits_thoughts: bool,
    /// Whether a `speed` is named.
    names_speed: bool,
}

impl Wishes {
    fn of(received: Option<&Received<'_>>) -> Self {
        let Some(object) = received.map(|it| it.object) else { return Self::default() };
        let thinking = thinking::Thinking::read(object).ok();
        Self {
            omits_thoughts: thinking.is_some_and(thinking::Thinking::is_omitted),
            names_speed: object.member("speed").is_some(),
        }
    }
}

//! Chat as one of the dialects a client may speak.

use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::tool::custom_names;
use crate::chat::{AnswerHead, ChunkWriter, CompletionBuilder};
use crate::dialect::{AnswerForm, Received};
use crate::error::ErrorBody;

/// The chat dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chat;

impl AnswerForm for Chat {
    fn writer(&self, received: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        Box::new(ChunkWriter::new(head).with_custom(custom(received)))
    }

    fn builder(&self, received: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        Box::new(CompletionBuilder::default().with_custom(custom(received)))
    }

    fn error(&self, error: &ErrorBody, _: Option<&GenerationId>) -> Vec<u8> {
        error.to_json()
    }
}

/// The custom tools a request offers.
fn custom(received: Option<&Received<'_>>) -> Vec<String> {
    let tools = received.and_then(|it| it.object.member("tools"));
    tools.map(custom_names).unwrap_or_default()
}

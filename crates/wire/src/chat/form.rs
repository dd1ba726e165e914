//! Chat as one of the dialects a client may speak.

use tollgate_types::GenerationId;

use crate::answer::{AnswerBuilder, AnswerWriter};
use crate::chat::{AnswerHead, ChunkWriter, CompletionBuilder};
use crate::dialect::{AnswerForm, Received};
use crate::error::ErrorBody;

/// The chat dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chat;

impl AnswerForm for Chat {
    fn writer(&self, _: Option<&Received<'_>>, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        Box::new(ChunkWriter::new(head))
    }

    fn builder(&self, _: Option<&Received<'_>>) -> Box<dyn AnswerBuilder> {
        Box::new(CompletionBuilder::default())
    }

    fn error(&self, error: &ErrorBody, _: Option<&GenerationId>) -> Vec<u8> {
        error.to_json()
    }
}

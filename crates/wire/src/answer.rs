//! How an answer is written for a client, whatever the client speaks.

use std::fmt;

use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;

/// Writes one streamed answer in one client's dialect.
///
/// Gets the events of an answer in their order, then exactly one of [`end`](Self::end) and
/// [`fail`](Self::fail). What a stream of the dialect begins with is written before the first
/// event that has content, and by `end` or `fail` when there was none.
pub trait AnswerWriter: Send + fmt::Debug {
    /// Writes what an event adds.
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent);

    /// Writes the end of a complete answer: why it ended in our words and in the provider's, its
    /// usage and cost, and the dialect's terminator.
    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView);

    /// Writes the end of an answer that broke off, with what it cost so far.
    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>);

    /// Begins where somebody else has stopped: the client was given the beginning of the answer
    /// already, and none of it is written again.
    fn resume(&mut self, _at: Position) {}
}

/// Where a client stands that was given the beginning of an answer, in a dialect whose answers are
/// numbered blocks. The others have nothing to remember.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of the next block.
    pub next: u32,
    /// The number of the text that is open.
    pub open_text: Option<u32>,
}

/// Collects the events of one answer and writes it whole in one client's dialect.
pub trait AnswerBuilder: Send + fmt::Debug {
    /// Takes the next event.
    fn event(&mut self, event: ChatEvent);

    /// Writes the answer. With `error` it is one that broke off after it had begun.
    fn build(&self, head: &AnswerHead, usage: &UsageView, error: Option<&ErrorBody>) -> Vec<u8>;
}

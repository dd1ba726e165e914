//! Bytes become events.

use tollgate_wire::chat::ChatEvent;

use super::answer::{Answer, not_a_line};
use super::lines::Lines;
use crate::{Decoder, Fault};

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct OllamaDecoder {
    lines: Lines,
    answer: Answer,
}

impl Decoder for OllamaDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { lines, answer } = self;
        // What follows the last line is noise.
        lines.push(bytes, |line| if answer.is_done() { Ok(()) } else { answer.take(line, out) })
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { lines, answer } = self;
        if !answer.is_done() {
            // A line that was cut is not malformed, it is cut.
            lines
                .finish(|line| answer.take(line, out))
                .map_err(|fault| if fault == not_a_line() { Fault::truncated() } else { fault })?;
        }
        if answer.is_done() { Ok(()) } else { Err(Fault::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.answer.is_done()
    }
}

/// Reads a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let (mut answer, mut out) = (Answer::default(), Vec::new());
    answer.take(body, &mut out)?;
    if answer.is_done() { Ok(out) } else { Err(Fault::malformed("it is not done")) }
}

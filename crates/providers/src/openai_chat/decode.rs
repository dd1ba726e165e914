//! Chunks and completions as events, for clients of other dialects.

use tollgate_wire::chat::ChatEvent;
use tollgate_wire::json::SurrogateJoiner;
use tollgate_wire::sse::{SseDecoder, SseEvent};

use super::answer::{Answer, Body};
use crate::{Decoder, Fault, FaultKind};

/// Reads a stream of chunks.
#[derive(Debug, Default)]
pub(crate) struct ChunkDecoder {
    events: SseDecoder,
    answer: Answer,
    /// Some servers cut their texts in the middle of a character.
    halves: SurrogateJoiner,
    /// `[DONE]` was seen: whatever follows is noise.
    done: bool,
}

impl Decoder for ChunkDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer, halves, done } = self;
        events.push(bytes, |event| take(answer, halves, done, &event, out))
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer, halves, done } = self;
        // An event that was cut is not malformed, it is cut.
        events.finish(|event| take(answer, halves, done, &event, out)).map_err(|fault: Fault| {
            if fault.kind == FaultKind::Broken { Fault::truncated() } else { fault }
        })?;
        match (answer.has_finished(), answer.has_begun(), *done) {
            (true, _, _) | (false, true, true) => Ok(()),
            (false, false, _) => Err(Fault::with_message(
                FaultKind::Empty,
                "The provider's answer ended before it began",
            )),
            (false, true, false) => Err(Fault::truncated()),
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

/// Reads a completion.
pub(crate) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let mut out = Vec::new();
    let body = read(body)?;
    if body.choices.as_ref().is_none_or(Vec::is_empty) {
        return Err(Fault::with_message(FaultKind::Empty, "The provider's answer has no choices"));
    }
    Answer::whole().take(body, &mut out);
    Ok(out)
}

fn take(
    answer: &mut Answer,
    halves: &mut SurrogateJoiner,
    done: &mut bool,
    event: &SseEvent<'_>,
    out: &mut Vec<ChatEvent>,
) -> Result<(), Fault> {
    if *done || event.data.is_empty() {
        return Ok(());
    }
    if event.data.trim_ascii() == b"[DONE]" {
        *done = true;
        return Ok(());
    }
    answer.take(read(&halves.join(event.data))?, out);
    Ok(())
}

fn read(data: &[u8]) -> Result<Body<'_>, Fault> {
    let body: Body<'_> = serde_json::from_slice(data)
        .map_err(|error| Fault::malformed(&format!("it is no chat answer: {error}")))?;
    if body.is_error() {
        return Err(Fault::in_band(data));
    }
    match body.error.filter(|error| error.get() != "null") {
        Some(error) => Err(Fault::in_band(error.get().as_bytes())),
        None => Ok(body),
    }
}

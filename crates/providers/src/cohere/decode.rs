//! Bytes become events.

use tollgate_wire::json::mend_surrogates;
use tollgate_wire::chat::ChatEvent;
use tollgate_wire::sse::{SseDecoder, SseEvent};

use super::answer::Answer;
use super::shape::{Event, Response};
use crate::{Decoder, Fault, FaultKind};

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct CohereDecoder {
    events: SseDecoder,
    answer: Answer,
}

impl Decoder for CohereDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer } = self;
        events.push(bytes, |event| take(answer, &event, out))
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer } = self;
        // An event that was cut is not malformed, it is cut.
        events.finish(|event| take(answer, &event, out)).map_err(|fault: Fault| {
            if fault == not_an_event() { Fault::truncated() } else { fault }
        })?;
        if answer.is_done() { Ok(()) } else { Err(Fault::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.answer.is_done()
    }
}

/// Reads a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let response: Response = serde_json::from_slice(body)
        .map_err(|error| Fault::malformed(&format!("it is no chat answer: {error}")))?;
    let mut out = Vec::new();
    match Answer::default().whole(response, &mut out) {
        // A whole body without a reason to stop is not one that broke off.
        Err(fault) if fault.kind == FaultKind::Truncated => {
            Err(Fault::malformed("it does not say why it ended"))
        }
        Err(fault) => Err(fault),
        Ok(()) => Ok(out),
    }
}

fn take(answer: &mut Answer, event: &SseEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
    // What follows the end is noise, and some imitations end like OpenAI's.
    if answer.is_done() || event.data.is_empty() || event.data.trim_ascii() == b"[DONE]" {
        return Ok(());
    }
    let event: Event =
        serde_json::from_slice(&mend_surrogates(event.data)).map_err(|_| not_an_event())?;
    answer.event(event, out)
}

fn not_an_event() -> Fault {
    Fault::malformed("an event is not one of a chat")
}

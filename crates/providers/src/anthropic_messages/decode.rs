//! Bytes become events.
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

use tollgate_wire::json::mend_surrogates;
use tollgate_wire::chat::ChatEvent;
use tollgate_wire::sse::{SseDecoder, SseEvent};

use super::answer::Answer;
use super::fault::refined;
use super::shape::{Delta, Event, Message, Stop};
use crate::{Decoder, Fault};

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct MessagesDecoder {
    events: SseDecoder,
    answer: Answer,
    /// `message_stop` was read: whatever follows is not part of the answer.
    stopped: bool,
}

impl Decoder for MessagesDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.stopped {
            return Ok(());
        }
        let Self { events, answer, stopped } = self;
        events.push(bytes, |event| {
            if !*stopped && !is_filler(&event) {
                *stopped = take(answer, parse(&event)?, event.data, out)?;
            }
            Ok(())
        })
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer, stopped } = self;
        if !*stopped {
            events.finish::<Fault>(|event| {
                // An event that was cut is no event: the answer is then truncated.
                let Ok(parsed) = parse(&event) else { return Ok(()) };
                *stopped = take(answer, parsed, event.data, out)?;
                Ok(())
            })?;
        }
        if *stopped || answer.is_finished() {
            answer.close_block(out);
            return Ok(());
        }
        Err(Fault::truncated())
    }

    fn is_done(&self) -> bool {
        self.stopped
    }
}

/// Reads a whole message.
pub(super) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let message: Message =
        serde_json::from_slice(body).map_err(|_| Fault::malformed("it is not a message"))?;
    if message.kind.as_deref() == Some("error") {
        return Err(refined(Fault::in_band(body)));
    }
    let mut message = message;
    let Some(content) = message.content.take() else {
        return Err(Fault::malformed("it is a message without content"));
    };
    let stop = Stop {
        reason: message.stop_reason.take(),
        sequence: message.stop_sequence.take(),
        details: message.stop_details.take(),
    };
    let usage = message.usage.take();
    let (mut answer, mut out) = (Answer::default(), Vec::new());
    answer.begin(message, &mut out);
    for block in content {
        answer.open_block(block, &mut out);
    }
    answer.close_block(&mut out);
    answer.end(stop, usage.as_ref(), &mut out);
    Ok(out)
}

/// What is in a stream without being an event of the protocol: some imitations end like OpenAI's.
fn is_filler(event: &SseEvent<'_>) -> bool {
    event.data.is_empty() || event.data == b"[DONE]"
}

fn parse(event: &SseEvent<'_>) -> Result<Event, Fault> {
    serde_json::from_slice(&mend_surrogates(event.data))
        .map_err(|_| Fault::malformed("an event is not JSON"))
}

/// Takes an event; says whether it was the last one.
fn take(
    answer: &mut Answer,
    event: Event,
    data: &[u8],
    out: &mut Vec<ChatEvent>,
) -> Result<bool, Fault> {
    match event.kind.as_deref().unwrap_or_default() {
        "message_start" => answer.begin(event.message.unwrap_or_default(), out),
        "content_block_start" => answer.open_block(event.content_block.unwrap_or_default(), out),
        "content_block_delta" => answer.grow_block(event.delta.unwrap_or_default(), out),
        "content_block_stop" => answer.close_block(out),
        "message_delta" => {
            let delta = event.delta.unwrap_or_default();
            let Delta {
                stop_reason: reason, stop_sequence: sequence, stop_details: details, ..
            } = delta;
            answer.end(Stop { reason, sequence, details }, event.usage.as_ref(), out);
        }
        "message_stop" => {
            answer.close_block(out);
            return Ok(true);
        }
        "error" => return Err(refined(Fault::in_band(data))),
        // `ping`, and whatever a later version adds.
        _ => {}
    }
    Ok(false)
}

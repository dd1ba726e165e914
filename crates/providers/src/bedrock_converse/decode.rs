//! Bytes become events.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>

use aws_smithy_types::event_stream::Message;
use tollgate_wire::chat::ChatEvent;

use super::answer::{Answer, metadata};
use super::fault::{exception, in_band};
use super::frames::{Frames, header};
use super::shape::{Event, Whole};
use crate::{Decoder, Fault};

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct ConverseDecoder {
    frames: Frames,
    answer: Answer,
    /// The counts have come, which are the last event: whatever follows is not part of the answer.
    counted: bool,
}

impl Decoder for ConverseDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.is_done() {
            return Ok(());
        }
        self.frames.push(bytes);
        while !self.is_done()
            && let Some(frame) = self.frames.next()?
        {
            self.counted |= take(&mut self.answer, &frame, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.answer.is_finished() { Ok(()) } else { Err(Fault::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.counted && self.answer.is_finished()
    }
}

/// Reads a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let whole: Whole =
        serde_json::from_slice(body).map_err(|_| Fault::malformed("it is not an answer"))?;
    let Some(message) = whole.output.and_then(|output| output.message) else {
        return Err(Fault::malformed("it is an answer without a message"));
    };
    let (mut answer, mut out) = (Answer::default(), Vec::new());
    for block in message.content.unwrap_or_default() {
        answer.block(block, &mut out);
    }
    answer.stop(whole.stop_reason, whole.additional_model_response_fields, &mut out);
    metadata(whole.usage.as_ref(), whole.service_tier, &mut out);
    Ok(out)
}

/// Takes a frame; says whether it had the counts.
fn take(answer: &mut Answer, frame: &Message, out: &mut Vec<ChatEvent>) -> Result<bool, Fault> {
    match header(frame, ":message-type").unwrap_or("event") {
        "event" => {}
        "error" => {
            let code = header(frame, ":error-code").unwrap_or_default();
            return Err(in_band(code, header(frame, ":error-message")));
        }
        // `exception`, and whatever a later version adds.
        _ => {
            let code = header(frame, ":exception-type").unwrap_or_default();
            return Err(exception(code, frame.payload()));
        }
    }
    let parse = || -> Result<Event, Fault> {
        serde_json::from_slice(frame.payload())
            .map_err(|_| Fault::malformed("an event is not JSON"))
    };
    match header(frame, ":event-type").unwrap_or_default() {
        "contentBlockStart" => {
            let event = parse()?;
            answer.begin(event.content_block_index, event.start.unwrap_or_default(), out)?;
        }
        "contentBlockDelta" => {
            let event = parse()?;
            answer.grow(event.content_block_index, event.delta.unwrap_or_default(), out)?;
        }
        "contentBlockStop" => answer.close(parse()?.content_block_index, out),
        "messageStop" => {
            let event = parse()?;
            answer.stop(event.stop_reason, event.additional_model_response_fields, out);
        }
        "metadata" => {
            let event = parse()?;
            metadata(event.usage.as_ref(), event.service_tier, out);
            return Ok(true);
        }
        // `messageStart`, which says only who speaks, and whatever a later version adds.
        _ => {}
    }
    Ok(false)
}

//! Bytes become events.
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use tollgate_wire::json::mend_surrogates;
use tollgate_wire::chat::ChatEvent;
use tollgate_wire::sse::{SseDecoder, SseEvent};

use super::answer::{Answer, content_of};
use super::fault::{of_response, refined};
use super::places::Slot;
use super::shape::{Event, Response, read, text};
use crate::{Decoder, Fault, FaultKind};

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct ResponseDecoder {
    events: SseDecoder,
    answer: Answer,
}

impl Decoder for ResponseDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer } = self;
        if answer.is_finished() {
            return Ok(());
        }
        events.push(bytes, |event| take(answer, &event, out))
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { events, answer } = self;
        if !answer.is_finished() {
            // An event that was cut is not malformed, it is cut.
            events.finish(|event| take(answer, &event, out)).map_err(|fault: Fault| {
                if fault.kind == FaultKind::Broken && fault.code.is_none() {
                    Fault::truncated()
                } else {
                    fault
                }
            })?;
        }
        if answer.is_finished() { Ok(()) } else { Err(Fault::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.answer.is_finished()
    }
}

/// Reads a whole response.
pub(super) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let response: Response<'_> =
        serde_json::from_slice(body).map_err(|_| Fault::malformed("it is not a response"))?;
    if response.error.is_some() {
        return Err(of_response(response.error));
    }
    if response.output.is_none() {
        return Err(Fault::malformed("it is a response without output"));
    }
    let mut out = Vec::new();
    Answer::default().end(&response, &mut out)?;
    Ok(out)
}

fn take(answer: &mut Answer, sse: &SseEvent<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
    let data = sse.data.trim_ascii();
    if answer.is_finished() || data.is_empty() || data == b"[DONE]" {
        return Ok(());
    }
    let mended = mend_surrogates(data);
    let event: Event<'_> =
        serde_json::from_slice(&mended).map_err(|_| Fault::malformed("an event can't be read"))?;
    let item = event.output_index.unwrap_or(0);
    let kind = event.kind.as_deref().unwrap_or_default();
    match kind {
        "response.created" | "response.in_progress" | "response.queued" => {
            let response: Option<Response<'_>> = read(event.response);
            answer.begin(&response.unwrap_or_default(), out);
            Ok(())
        }
        "response.output_item.added" => event.item.map_or(Ok(()), |it| answer.open(item, it, out)),
        "response.output_item.done" => event.item.map_or(Ok(()), |it| answer.close(item, it, out)),
        "response.content_part.done" => {
            event.part.map_or(Ok(()), |it| answer.piece(content_of(&event), it, out))
        }
        "response.output_text.annotation.added" => {
            event.annotation.map_or(Ok(()), |it| answer.citation(content_of(&event), it, out))
        }
        "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
            end(answer, kind, &event, out)
        }
        "error" => Err(refined(Fault::in_band(data))),
        _ => grow(answer, kind, &event, out),
    }
}

/// Takes an event by which a piece grows, or that says all of it at its end.
fn grow(
    answer: &mut Answer,
    kind: &str,
    event: &Event<'_>,
    out: &mut Vec<ChatEvent>,
) -> Result<(), Fault> {
    let at = content_of(event);
    let (item, part) = at;
    let more = |raw| text(raw).unwrap_or_default();
    let id = event.item_id.as_deref();
    let summary = Slot::Summary(event.summary_index.unwrap_or(0));
    match kind {
        "response.output_text.delta" => answer.text(at, more(event.delta), event.logprobs, out),
        "response.output_text.done" if !answer.has(item, Slot::Text(part)) => {
            answer.text(at, more(event.text), event.logprobs, out)
        }
        "response.refusal.delta" => answer.refusal(at, more(event.delta), out),
        "response.refusal.done" if !answer.has(item, Slot::Refusal(part)) => {
            answer.refusal(at, more(event.refusal), out)
        }
        "response.function_call_arguments.delta" => answer.arguments(item, more(event.delta), out),
        "response.function_call_arguments.done" if !answer.has(item, Slot::Arguments) => {
            answer.arguments(item, more(event.arguments), out)
        }
        "response.reasoning_summary_text.delta" => {
            answer.thought((item, summary), id, more(event.delta), out)
        }
        "response.reasoning_summary_text.done" if !answer.has(item, summary) => {
            answer.thought((item, summary), id, more(event.text), out)
        }
        "response.reasoning_text.delta" => {
            answer.thought((item, Slot::Thought(part)), id, more(event.delta), out)
        }
        "response.reasoning_text.done" if !answer.has(item, Slot::Thought(part)) => {
            answer.thought((item, Slot::Thought(part)), id, more(event.text), out)
        }
        // The provider's own tools at work, and whatever a later version adds.
        _ => Ok(()),
    }
}

/// The last event. A status that is missing is in the event's name.
fn end(
    answer: &mut Answer,
    kind: &str,
    event: &Event<'_>,
    out: &mut Vec<ChatEvent>,
) -> Result<(), Fault> {
    let Some(raw) = event.response else {
        return Err(Fault::malformed("the last event has no response"));
    };
    let mut response: Response<'_> = serde_json::from_str(raw.get())
        .map_err(|_| Fault::malformed("the last event has no response that can be read"))?;
    let status = kind.strip_prefix("response.").unwrap_or_default();
    response.status = Some(status.into());
    answer.end(&response, out)
}

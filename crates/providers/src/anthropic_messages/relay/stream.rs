//! A stream that is passed on, event by event.
//!
//! The two events that end it are held back until it is known what the answer cost.

use tollgate_types::GenerationId;
use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::error::ErrorBody;
use tollgate_wire::json::{ObjectWriter, ScanError};
use tollgate_wire::sse::{SseDecoder, SseEvent};
use tollgate_wire::{AnswerWriter, Call, Dialect, error_body};

use super::super::fault::refined;
use super::super::shape::Event;
use super::cost::Cost;
use super::frame::Frame;
use super::watch::Watch;
use crate::splice::{Edits, Places, malformed, one_line, patch, quoted};
use crate::{AnswerStream, Fault, Progress};

/// A stream that is passed on.
#[derive(Debug)]
pub(super) struct RelayedStream {
    events: SseDecoder,
    relay: Relay,
}

#[derive(Debug)]
struct Relay {
    id: GenerationId,
    model: String,
    provider: String,
    watch: Watch,
    begun: bool,
    /// The last `message_delta`.
    held: Option<Vec<u8>>,
    /// `message_stop`: whatever follows is not part of the answer.
    stop: Option<Vec<u8>>,
}

impl RelayedStream {
    /// Starts a stream.
    pub(super) fn new(head: &AnswerHead) -> Self {
        let relay = Relay {
            id: head.id.clone(),
            model: head.model.clone(),
            provider: head.provider.clone(),
            watch: Watch::default(),
            begun: false,
            held: None,
            stop: None,
        };
        Self { events: SseDecoder::default(), relay }
    }
}

impl AnswerStream for RelayedStream {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { events, relay } = self;
        if relay.stop.is_some() {
            return Ok(());
        }
        events.push(bytes, |event| {
            if relay.stop.is_some() || is_filler(&event) {
                return Ok(());
            }
            let data = one_line(event.data);
            relay.event(event.name, Frame::read(&data)?, &data, out)
        })
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { events, relay } = self;
        if relay.stop.is_none() {
            events.finish(|event| {
                let data = one_line(event.data);
                // An event that was cut is no event: the answer is then truncated.
                let Ok(frame) = Frame::read(&data) else { return Ok(()) };
                relay.event(event.name, frame, &data, out)
            })?;
        }
        if relay.stop.is_some() || relay.watch.is_finished() {
            relay.watch.close_block();
            return Ok(());
        }
        Err(Fault::truncated())
    }

    fn is_done(&self) -> bool {
        self.relay.stop.is_some()
    }

    fn progress(&self) -> &Progress {
        self.relay.watch.progress()
    }

    fn end(&mut self, out: &mut Vec<u8>, usage: &UsageView) {
        let relay = &mut self.relay;
        relay.begin(out);
        let tier = relay.watch.progress().service_tier.as_deref();
        let cost = Cost { view: usage, tier };
        let ending = match &relay.held {
            Some(data) => priced(data, &cost).unwrap_or_else(|_| data.clone()),
            None => unsaid(&cost),
        };
        write_event(b"message_delta", &ending, out);
        let stop = relay.stop.as_deref().unwrap_or(br#"{"type":"message_stop"}"#);
        write_event(b"message_stop", stop, out);
    }

    /// As contract §4.7 has it, with what the answer cost until it broke off.
    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        let relay = &self.relay;
        let mut body = error_body(Dialect::Messages, error, Some(&relay.id));
        if let Some(view) = usage {
            let tier = relay.watch.progress().service_tier.as_deref();
            let cost = Cost { view, tier }.usage();
            body = with_usage(&body, cost).unwrap_or(body);
        }
        write_event(b"error", &body, out);
    }

    fn remember(&mut self, keeps_text: bool) {
        self.relay.watch.remember(keeps_text);
    }

    fn hand_over(self: Box<Self>, call: &Call, head: &AnswerHead) -> Box<dyn AnswerWriter> {
        let mut writer = call.writer(head);
        writer.resume(self.relay.watch.position());
        writer
    }
}

impl Relay {
    fn event(
        &mut self,
        name: &[u8],
        frame: Frame<'_>,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match frame.kind {
            b"message_start" => return self.start(frame, data, out),
            b"content_block_start" => self.watch.open_block(&frame.piece, frame.index),
            b"content_block_delta" => self.watch.grow_block(&frame.piece),
            b"content_block_stop" => self.watch.close_block(),
            b"message_delta" => {
                self.hold(frame, data, out);
                return Ok(());
            }
            b"message_stop" => {
                self.watch.close_block();
                self.stop = Some(data.to_vec());
                return Ok(());
            }
            b"error" => return Err(refined(Fault::in_band(data))),
            // `ping`, and whatever a later version adds.
            _ => {}
        }
        if frame.kind.starts_with(b"content_block_") {
            self.begin(out);
        }
        // Imitations leave the name out, and the official clients go by it.
        let nameless = name.is_empty() || std::str::from_utf8(name).is_err();
        write_event(if nameless { frame.kind } else { name }, data, out);
        Ok(())
    }
    /// Passes on how the message begins, under our id and the model's public name.
    fn start(&mut self, frame: Frame<'_>, data: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        self.watch.begin(frame.values.message.unwrap_or_default());
        let Some(mut edits) = self.identity(data).map_err(malformed)? else {
            self.begin(out);
            return Ok(());
        };
        self.begun = true;
        let mut written = Vec::with_capacity(data.len().saturating_add(128));
        patch(data, &mut edits, &mut written);
        write_event(b"message_start", &written, out);
        Ok(())
    }

    /// What is ours to say of the message that an event holds; none where it holds none.
    fn identity(&self, data: &[u8]) -> Result<Option<Edits>, ScanError> {
        let event = Places::find(data, 0, ["message"])?;
        let message = event.span("message").filter(|it| data.get(it.start) == Some(&b'{'));
        let Some(span) = message else { return Ok(None) };
        let mut message = Places::find(data, span.start, ["id", "model", "provider"])?;
        let mut edits = Vec::with_capacity(3);
        message.put("id", quoted(self.id.as_str()), &mut edits);
        message.put("model", quoted(&self.model), &mut edits);
        message.put("provider", quoted(&self.provider), &mut edits);
        Ok(Some(edits))
    }

    /// Begins a message whose provider forgot to: without a beginning, no client takes the rest.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.begun {
            return;
        }
        self.begun = true;
        let mut message = Vec::new();
        let mut object = ObjectWriter::new(&mut message);
        object.field("id", self.id.as_str());
        object.field("type", "message");
        object.field("role", "assistant");
        object.field("model", &self.model);
        object.field("provider", &self.provider);
        object.raw(b"content", b"[]");
        object.raw(b"stop_reason", b"null");
        object.raw(b"stop_sequence", b"null");
        object.raw(b"usage", br#"{"input_tokens":0,"output_tokens":0}"#);
        object.end();
        let mut event = Vec::new();
        let mut object = ObjectWriter::new(&mut event);
        object.field("type", "message_start");
        object.raw(b"message", &message);
        object.end();
        write_event(b"message_start", &event, out);
    }

    /// Keeps back how the message ends. When another such event follows, the one before it was not
    /// the last and goes on as it came.
    fn hold(&mut self, frame: Frame<'_>, data: &[u8], out: &mut Vec<u8>) {
        let Event { delta, usage, .. } = frame.values;
        let delta = delta.unwrap_or_default();
        self.watch.end(delta.stop_reason, delta.stop_details, usage.as_ref());
        if let Some(earlier) = self.held.replace(data.to_vec()) {
            self.begin(out);
            write_event(b"message_delta", &earlier, out);
        }
    }
}

/// What is in a stream without being an event of the protocol: some imitations end like OpenAI's.
fn is_filler(event: &SseEvent<'_>) -> bool {
    event.data.is_empty() || event.data == b"[DONE]"
}

/// `data` must be one line.
fn write_event(name: &[u8], data: &[u8], out: &mut Vec<u8>) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name);
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// A `message_delta` with the cost in its usage.
fn priced(data: &[u8], cost: &Cost<'_>) -> Result<Vec<u8>, ScanError> {
    let mut event = Places::find(data, 0, ["usage"])?;
    let mut edits = Vec::with_capacity(6);
    cost.put(data, &mut event, &mut edits)?;
    let mut out = Vec::with_capacity(data.len().saturating_add(256));
    patch(data, &mut edits, &mut out);
    Ok(out)
}

/// The `message_delta` of a provider that sent none.
fn unsaid(cost: &Cost<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = ObjectWriter::new(&mut out);
    object.field("type", "message_delta");
    object.raw(b"delta", br#"{"stop_reason":"end_turn","stop_sequence":null}"#);
    object.raw(b"usage", &cost.usage());
    object.end();
    out
}

fn with_usage(body: &[u8], usage: Vec<u8>) -> Option<Vec<u8>> {
    let mut edits = Vec::with_capacity(1);
    Places::find(body, 0, ["usage"]).ok()?.put("usage", usage, &mut edits);
    let mut out = Vec::new();
    patch(body, &mut edits, &mut out);
    Some(out)
}

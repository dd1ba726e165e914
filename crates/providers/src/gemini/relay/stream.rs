//! A stream that is passed on, one partial response after the other.

use tollgate_types::GenerationId;
use tollgate_wire::chat::{AnswerHead, UsageView};
use tollgate_wire::error::ErrorBody;
use tollgate_wire::json::Span;
use tollgate_wire::{Dialect, error_body};

use super::super::framing::Framing;
use super::chunk::Chunk;
use super::watch::Watch;
use crate::splice::{one_line, patch, quoted};
use crate::{AnswerStream, Fault, Progress};

/// A stream that is passed on.
#[derive(Debug)]
pub(super) struct RelayedStream {
    framing: Framing,
    relay: Relay,
}

#[derive(Debug)]
struct Relay {
    id: GenerationId,
    identity: Identity,
    watch: Watch,
}

/// Our id and the model's public name, as JSON.
#[derive(Debug)]
pub(super) struct Identity {
    id: Vec<u8>,
    model: Vec<u8>,
}

impl Identity {
    /// What takes the place of the provider's.
    pub(super) fn new(head: &AnswerHead) -> Self {
        Self { id: quoted(head.id.as_str()), model: quoted(&head.model) }
    }

    /// Writes `data` with the identity in the places of the provider's, where it has any.
    pub(super) fn write(&self, data: &[u8], places: &[Option<Span>; 2], out: &mut Vec<u8>) {
        let [id, model] = places;
        let edit = |place: &Option<Span>, value| (place.clone().unwrap_or_default(), value);
        let nothing: &[u8] = b"";
        let id = edit(id, if id.is_some() { &self.id } else { nothing });
        let model = edit(model, if model.is_some() { &self.model } else { nothing });
        patch(data, &mut [id, model], out);
    }
}

impl RelayedStream {
    /// Starts a stream.
    pub(super) fn new(head: &AnswerHead) -> Self {
        let identity = Identity::new(head);
        let relay = Relay { id: head.id.clone(), identity, watch: Watch::default() };
        Self { framing: Framing::default(), relay }
    }
}

impl AnswerStream for RelayedStream {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { framing, relay } = self;
        framing.push(bytes, |data| {
            if is_filler(data) {
                return Ok(());
            }
            let data = one_line(data);
            relay.pass(Chunk::read(&data)?, &data, out)
        })
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { framing, relay } = self;
        framing.finish(|data| {
            let data = one_line(data);
            // A part that was cut is no part: unless it came after the end, the answer is
            // truncated.
            let Ok(chunk) = Chunk::read(&data) else { return Ok(()) };
            relay.pass(chunk, &data, out)
        })?;
        if !relay.watch.is_finished() {
            return Err(Fault::truncated());
        }
        relay.watch.end();
        Ok(())
    }

    /// The protocol has no terminator: the response ends.
    fn is_done(&self) -> bool {
        false
    }

    fn progress(&self) -> &Progress {
        self.relay.watch.progress()
    }

    /// The last part has said everything, and there is no place for a cost.
    fn end(&mut self, _: &mut Vec<u8>, _: &UsageView) {}

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, _: Option<&UsageView>) {
        let body = error_body(Dialect::Gemini, error, Some(&self.relay.id));
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&one_line(&body));
        out.extend_from_slice(b"\n\n");
    }

    fn remember(&mut self, keeps_text: bool) {
        self.relay.watch.remember(keeps_text);
    }
}

impl Relay {
    fn pass(&mut self, chunk: Chunk<'_>, data: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let places = [chunk.response_id.clone(), chunk.model_version.clone()];
        self.watch.take(chunk, data)?;
        out.extend_from_slice(b"data: ");
        self.identity.write(data, &places, out);
        out.extend_from_slice(b"\n\n");
        Ok(())
    }
}

/// What is in a stream without being a response: some imitations end like OpenAI's.
fn is_filler(data: &[u8]) -> bool {
    data.is_empty() || data == b"[DONE]"
}

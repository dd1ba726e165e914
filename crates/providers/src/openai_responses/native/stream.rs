//! A provider's stream, event by event.
//!
//! Events that carry the response object get our id, model and time; every other goes through as
//! it is. The last event is held back until its cost is known.

use serde_json::value::RawValue;
use tollgate_wire::chat::{AnswerHead, DONE, UsageView};
use tollgate_wire::error::ErrorBody;
use tollgate_wire::sse::{SseDecoder, SseEvent};

use tollgate_wire::json::mend_surrogates;
use super::super::fault::refined;
use super::super::shape::{Kind, Response};
use super::end::{self, Counts};
use super::failed;
use super::scan::{Scanned, word};
use super::splice::{Ours, ResponsePlaces, put_usage};
use crate::splice::{Edits, malformed, patch};
use crate::{AnswerStream, Fault, FaultKind, Progress};

/// A stream that is passed on.
#[derive(Debug)]
pub(in super::super) struct SplicedStream {
    events: SseDecoder,
    relay: Relay,
}

#[derive(Debug)]
struct Relay {
    ours: Ours,
    progress: Progress,
    counts: Counts,
    /// The number that the next event of ours would have: one more than the last that was passed
    /// on.
    next_number: u64,
    /// The response object that the provider began with.
    seen: Option<Vec<u8>>,
    last: Option<Last>,
}

/// The last event.
#[derive(Debug)]
struct Last {
    name: Vec<u8>,
    data: Vec<u8>,
    edits: Edits,
    places: ResponsePlaces,
}

impl SplicedStream {
    pub(in super::super) fn new(head: &AnswerHead) -> Self {
        let relay = Relay {
            ours: Ours::of(head),
            progress: Progress::default(),
            counts: Counts::default(),
            next_number: 0,
            seen: None,
            last: None,
        };
        Self { events: SseDecoder::default(), relay }
    }
}

impl AnswerStream for SplicedStream {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { events, relay } = self;
        if relay.last.is_some() {
            return Ok(());
        }
        events.push(bytes, |event| relay.event(&event, out))
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self { events, relay } = self;
        if relay.last.is_none() {
            // An event that was cut is not malformed, it is cut.
            events.finish(|event| relay.event(&event, out)).map_err(|fault: Fault| {
                if fault.kind == FaultKind::Broken && fault.code.is_none() {
                    Fault::truncated()
                } else {
                    fault
                }
            })?;
        }
        match (&relay.last, relay.progress.content) {
            (Some(_), _) => Ok(()),
            (None, true) => Err(Fault::truncated()),
            (None, false) => Err(Fault::with_message(
                FaultKind::Empty,
                "The provider's answer ended before it began",
            )),
        }
    }

    fn is_done(&self) -> bool {
        self.relay.last.is_some()
    }

    fn progress(&self) -> &Progress {
        &self.relay.progress
    }

    fn end(&mut self, out: &mut Vec<u8>, usage: &UsageView) {
        if let Some(mut last) = self.relay.last.take() {
            put_usage(&last.data, &mut last.places, usage, &mut last.edits);
            let mut data = Vec::with_capacity(last.data.len().saturating_add(256));
            patch(&last.data, &mut last.edits, &mut data);
            write_event(out, &last.name, &data);
        }
        out.extend_from_slice(DONE);
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        let Relay { ours, seen, next_number, .. } = &self.relay;
        let data = failed::event(ours, seen.as_deref(), *next_number, (error, usage));
        write_event(out, b"response.failed", &data);
        out.extend_from_slice(DONE);
    }
}

impl Relay {
    fn event(&mut self, event: &SseEvent<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let data = event.data.trim_ascii();
        if self.last.is_some() || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        if std::str::from_utf8(event.data).is_err() || std::str::from_utf8(event.name).is_err() {
            return Err(Fault::malformed("an event is not UTF-8"));
        }
        let mut scanned = Scanned::read(event.data, &self.ours).map_err(malformed)?;
        let number = event.data.get(scanned.sequence_number.clone()).unwrap_or_default();
        let number = serde_json::from_slice(number).unwrap_or(self.next_number);
        match word(event.data, &scanned.kind) {
            "error" => return Err(refined(Fault::in_band(event.data))),
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => return self.end(event, scanned),
            kind => self.note(kind, event.data, &scanned),
        }
        self.next_number = number.saturating_add(1);
        if scanned.edits.is_empty() {
            write_event(out, event.name, event.data);
            return Ok(());
        }
        let mut data = Vec::with_capacity(event.data.len().saturating_add(64));
        patch(event.data, &mut scanned.edits, &mut data);
        write_event(out, event.name, &data);
        Ok(())
    }

    /// Takes note of how far the answer got.
    fn note(&mut self, kind: &str, data: &[u8], scanned: &Scanned) {
        let item_kind = || {
            let item = data.get(scanned.item.clone()).unwrap_or_default();
            let item = serde_json::from_slice::<Kind<'_>>(item).ok();
            item.and_then(|it| it.kind).unwrap_or_default()
        };
        match kind {
            "response.output_item.added" => {
                let kind = item_kind();
                // A message begins empty: nothing is said yet that another could not say.
                self.progress.content |= kind != "message";
                if matches!(kind.as_ref(), "function_call" | "custom_tool_call") {
                    self.progress.tool_calls = self.progress.tool_calls.saturating_add(1);
                }
            }
            "response.output_item.done" => {
                self.counts.count(&item_kind());
                let item = data.get(scanned.item.clone()).unwrap_or_default();
                if let Ok(item) = serde_json::from_slice::<&RawValue>(item) {
                    end::note_call(item, &mut self.progress);
                }
            }
            kind if kind.rsplit('.').next() == Some("delta") => {
                self.progress.content = true;
                self.progress.wrote(scanned.growth(data));
            }
            _ => {}
        }
        if let Some((span, places)) = &scanned.response {
            note_id(&mut self.progress, data, places);
            if self.seen.is_none() {
                self.seen = data.get(span.clone()).map(<[u8]>::to_vec);
            }
        }
    }

    /// Holds the last event back, unless it says that the answer failed.
    fn end(&mut self, event: &SseEvent<'_>, scanned: Scanned) -> Result<(), Fault> {
        let Some((span, places)) = scanned.response else {
            return Err(Fault::malformed("the last event has no response"));
        };
        note_id(&mut self.progress, event.data, &places);
        let raw = event.data.get(span).unwrap_or_default();
        let mended = mend_surrogates(raw);
        let mut response: Response<'_> = serde_json::from_slice(&mended)
            .map_err(|_| Fault::malformed("the last event has no response that can be read"))?;
        // The event's name says it too, and some providers say it only there.
        let kind = word(event.data, &scanned.kind);
        response.status = kind.strip_prefix("response.").map(Into::into);
        end::note(&response, self.counts, &mut self.progress)?;
        self.last = Some(Last {
            name: event.name.to_vec(),
            data: event.data.to_vec(),
            edits: scanned.edits,
            places,
        });
        Ok(())
    }
}

fn note_id(progress: &mut Progress, data: &[u8], places: &ResponsePlaces) {
    if progress.upstream_id.is_none() {
        let id = places.span("id").map(|span| word(data, &span)).filter(|id| !id.is_empty());
        progress.upstream_id = id.map(str::to_owned);
    }
}

fn write_event(out: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name);
        out.push(b'\n');
    }
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
}

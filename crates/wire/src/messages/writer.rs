//! Events as server-sent events (contract §3.6).
//!
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

use serde::Serialize;
use tollgate_types::Usage;

use crate::answer::{AnswerWriter, Position};
use crate::chat::{AnswerHead, ChatEvent, FinishReason, UsageView};
use crate::error::ErrorBody;
use crate::json::write_string;
use crate::messages::Wishes;
use crate::messages::blocks::{Blocks, Sink};
use crate::messages::error::Failure;
use crate::messages::object::{BlockObject, Delta};
use crate::messages::stop::{Ending, failure};
use crate::messages::usage::{Counts, UsageObject};

/// Every client of the dialect knows this event and passes it over.
pub(super) const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";

/// Writes the stream of one message.
#[derive(Debug)]
pub(super) struct MessageWriter {
    id: String,
    /// The event the stream begins with, up to its usage.
    start: Vec<u8>,
    begun: bool,
    /// What is known before the end.
    usage: Usage,
    blocks: Blocks,
    ending: Ending,
}

impl MessageWriter {
    /// Prepares the stream of one message.
    pub(super) fn new(head: &AnswerHead, wishes: Wishes) -> Self {
        let mut start =
            b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":"
                .to_vec();
        write_string(&mut start, head.id.as_str());
        start.extend_from_slice(b",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
        write_string(&mut start, &head.model);
        start.extend_from_slice(b",\"provider\":");
        write_string(&mut start, &head.provider);
        start.extend_from_slice(
            b",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"stop_details\":null,\"usage\":",
        );
        Self {
            id: head.id.as_str().to_owned(),
            start,
            begun: false,
            usage: Usage::default(),
            blocks: Blocks::new(wishes.omits_thoughts),
            ending: Ending::new(wishes.names_speed),
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.begun {
            return;
        }
        self.begun = true;
        out.extend_from_slice(&self.start);
        json(out, &Counts::of(&self.usage));
        out.extend_from_slice(b"}}\n\n");
    }
}

impl AnswerWriter for MessageWriter {
    fn event(&mut self, out: &mut Vec<u8>, event: &ChatEvent) {
        if let ChatEvent::Usage(usage) = event {
            self.usage = *usage;
        }
        self.ending.note(event);
        if event.is_content() {
            self.begin(out);
            self.blocks.event(event, &mut Events { out });
        }
    }

    fn end(&mut self, out: &mut Vec<u8>, finish: (FinishReason, &str), usage: &UsageView) {
        if let Some(error) = failure(finish) {
            return self.fail(out, &error, Some(usage));
        }
        self.begin(out);
        self.blocks.finish(&mut Events { out });
        out.extend_from_slice(
            b"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":",
        );
        json(out, &self.ending.stop(finish));
        out.extend_from_slice(b",\"usage\":");
        json(out, &UsageObject::of(usage, self.ending.served()));
        out.extend_from_slice(b"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }

    fn fail(&mut self, out: &mut Vec<u8>, error: &ErrorBody, usage: Option<&UsageView>) {
        self.begin(out);
        self.blocks.abort(&mut Events { out });
        let usage = usage.map(|usage| UsageObject::of(usage, self.ending.served()));
        out.extend_from_slice(b"event: error\ndata: ");
        json(out, &Failure::of(error, Some(&self.id), usage));
        out.extend_from_slice(b"\n\n");
    }

    fn resume(&mut self, at: Position) {
        self.begun = true;
        self.blocks.resume(at);
    }
}

/// Writes each operation as an event.
struct Events<'o> {
    out: &'o mut Vec<u8>,
}

impl Sink for Events<'_> {
    fn open(&mut self, index: u32, block: &BlockObject<'_>) {
        self.named("content_block_start", index);
        self.out.extend_from_slice(b",\"content_block\":");
        json(self.out, block);
        self.out.extend_from_slice(b"}\n\n");
    }

    fn grow(&mut self, index: u32, delta: Delta<'_>) {
        self.named("content_block_delta", index);
        self.out.extend_from_slice(b",\"delta\":");
        json(self.out, &delta);
        self.out.extend_from_slice(b"}\n\n");
    }

    fn close(&mut self, index: u32) {
        self.named("content_block_stop", index);
        self.out.extend_from_slice(b"}\n\n");
    }
}

impl Events<'_> {
    fn named(&mut self, name: &str, index: u32) {
        for piece in ["event: ", name, "\ndata: {\"type\":\"", name, "\",\"index\":"] {
            self.out.extend_from_slice(piece.as_bytes());
        }
        json(self.out, &index);
    }
}

fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

//! What every protocol has to be able to do with an answer.

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::answer::{Answer, CallIds};
use crate::event::{Beat, Event, Events};

/// The content type of server-sent events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// Writes one answer in one protocol.
pub(crate) trait Encode: fmt::Debug + Send {
    /// The body of the answer in one piece.
    fn whole(&self, answer: &Answer) -> Vec<u8>;

    /// The events that one step of the answer gives.
    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events);

    /// What a provider sends when it fails in the middle of a stream.
    fn error(&self) -> Event;

    fn stream_content_type(&self) -> &'static str {
        EVENT_STREAM
    }

    /// What the ids of calls look like.
    fn call_ids(&self) -> CallIds {
        CallIds { prefix: "call_", letters: 24 }
    }

    /// `event`, broken off in the middle of its JSON, but ending like an event.
    fn truncated(&self, event: &Bytes) -> Bytes {
        broken_off(event, b"\n\n")
    }
}

/// The first two thirds of `event`, and then `end`.
pub(crate) fn broken_off(event: &Bytes, end: &[u8]) -> Bytes {
    let mut bytes = BytesMut::from(event.slice(..event.len() * 2 / 3));
    bytes.extend_from_slice(end);
    bytes.freeze()
}

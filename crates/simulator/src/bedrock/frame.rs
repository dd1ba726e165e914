//! Messages in `application/vnd.amazon.eventstream` framing.
//!
//! Source: <https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>.

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::event::json;

/// The content type of a stream of messages.
pub(super) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The event called `name`.
pub(crate) fn event(name: &'static str, payload: &impl Serialize) -> Bytes {
    message([(":event-type", name), (":message-type", "event")], payload)
}

/// The JSON in a frame.
pub(crate) fn payload(frame: &Bytes) -> Option<Value> {
    let message = read_message_from(frame.clone()).ok()?;
    serde_json::from_slice(message.payload()).ok()
}

/// The exception called `name`.
pub(super) fn exception(name: &'static str, payload: &impl Serialize) -> Bytes {
    message([(":exception-type", name), (":message-type", "exception")], payload)
}

/// `frame` with the first two thirds of its payload: the framing is right, the JSON is not.
pub(super) fn truncated(frame: &Bytes) -> Bytes {
    let Ok(message) = read_message_from(frame.clone()) else { return frame.clone() };
    let payload = message.payload();
    let broken = payload.slice(..payload.len() * 2 / 3);
    bytes(&Message::new_from_parts(message.headers().to_vec(), broken))
}

fn message(headers: [(&'static str, &'static str); 2], payload: &impl Serialize) -> Bytes {
    let [kind, message_type] = headers;
    let headers = [kind, (":content-type", "application/json"), message_type];
    let header = |(name, value): (&'static str, &'static str)| {
        Header::new(name, HeaderValue::String(value.into()))
    };
    bytes(&Message::new_from_parts(headers.map(header).to_vec(), json(payload)))
}

fn bytes(message: &Message) -> Bytes {
    let mut bytes = Vec::with_capacity(256);
    // Fails only on headers and payloads beyond any that is written here.
    match write_message_to(message, &mut bytes) {
        Ok(()) => bytes.into(),
        Err(_) => Bytes::new(),
    }
}

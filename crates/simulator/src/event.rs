//! The steps of a streamed answer, and the bytes that a protocol makes of them.
//!
//! Steps are made one at a time, as the client reads: a stream that waits holds its text once,
//! and nothing more.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, Call};
use crate::tokens;

/// Events that one step gave and that are not written yet. A step gives but a few.
pub(crate) type Events = VecDeque<Event>;

/// One unit of a stream, written at once.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) bytes: Bytes,
    /// Tokens that the event brings; `None` for framing, which brings no content.
    pub(crate) content_tokens: Option<u64>,
}

impl Event {
    pub(crate) const fn framing(bytes: Bytes) -> Self {
        Self { bytes, content_tokens: None }
    }

    pub(crate) const fn content(bytes: Bytes, tokens: u64) -> Self {
        Self { bytes, content_tokens: Some(tokens) }
    }
}

/// One step of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beat<'a> {
    Open,
    Reasoning(&'a str),
    Text(&'a str),
    CallOpen(usize, &'a Call),
    CallArguments(usize, &'a str),
    Close,
}

/// Where an answer stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Cursor {
    #[default]
    Start,
    Reasoning(usize),
    Text(usize),
    Call(usize),
    Arguments(usize, usize),
    Done,
}

const ARGUMENT_BYTES_MAX: usize = 12;

impl Cursor {
    /// The next step of `answer`; nothing after [`Beat::Close`].
    pub(crate) fn next<'a>(&mut self, answer: &'a Answer) -> Option<Beat<'a>> {
        loop {
            match *self {
                Self::Start => {
                    *self = Self::Reasoning(0);
                    return Some(Beat::Open);
                }
                Self::Reasoning(at) => match piece_at(&answer.reasoning, at) {
                    Some(piece) => {
                        *self = Self::Reasoning(at + piece.len());
                        return Some(Beat::Reasoning(piece));
                    }
                    None => *self = Self::Text(0),
                },
                Self::Text(at) => match piece_at(&answer.text, at) {
                    Some(piece) => {
                        *self = Self::Text(at + piece.len());
                        return Some(Beat::Text(piece));
                    }
                    None => *self = Self::Call(0),
                },
                Self::Call(index) => {
                    let Some(call) = answer.calls.get(index) else {
                        *self = Self::Done;
                        return Some(Beat::Close);
                    };
                    *self = Self::Arguments(index, 0);
                    return Some(Beat::CallOpen(index, call));
                }
                Self::Arguments(index, at) => match fragment_at(answer, index, at) {
                    Some(fragment) => {
                        *self = Self::Arguments(index, at + fragment.len());
                        return Some(Beat::CallArguments(index, fragment));
                    }
                    None => *self = Self::Call(index + 1),
                },
                Self::Done => return None,
            }
        }
    }
}

fn piece_at(text: &str, at: usize) -> Option<&str> {
    let piece = tokens::first_piece(text.get(at..)?);
    (!piece.is_empty()).then_some(piece)
}

fn fragment_at(answer: &Answer, index: usize, at: usize) -> Option<&str> {
    let rest = answer.calls.get(index)?.arguments_text.get(at..)?;
    let end = ARGUMENT_BYTES_MAX.min(rest.len());
    // Up to three bytes further, so that a letter is never split.
    let end = (end..=rest.len()).find(|end| rest.is_char_boundary(*end))?;
    rest.get(..end).filter(|fragment| !fragment.is_empty())
}

/// A server-sent event without a name.
pub(crate) fn sse(value: &impl Serialize) -> Bytes {
    wrapped(b"data: ", value, b"\n\n")
}

/// A server-sent event with a name.
pub(crate) fn sse_named(name: &str, value: &impl Serialize) -> Bytes {
    wrapped(format!("event: {name}\ndata: ").as_bytes(), value, b"\n\n")
}

/// `value` as JSON between `before` and `after`.
pub(crate) fn wrapped(before: &[u8], value: &impl Serialize, after: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(before);
    bytes.extend_from_slice(&json(value));
    bytes.extend_from_slice(after);
    bytes.into()
}

/// `value` as JSON.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    // Our own wire types have text keys and no failing `Serialize`, so there is always JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

/// A field that is there, and perhaps null.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Nullable<T> {
    Null,
    Is(T),
}

/// Puts `value` into `object` under `key`.
pub(crate) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

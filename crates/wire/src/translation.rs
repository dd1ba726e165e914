//! What the translation of a dialect into chat and back needs, whichever dialect it is.
//!
//! Here: writing a chat request member by member, what was written, what was lost, what goes on as
//! it is. Beside it: messages as they are written, ids for calls that have none, calls that are
//! told whole, a walk that names paths.

pub(crate) mod base64;
pub(crate) mod call_ids;
pub(crate) mod custom;
pub(crate) mod data_uri;
pub(crate) mod outgoing;
pub(crate) mod schema;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod walk;
pub(crate) mod whole_calls;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::{ChatParams, PARAMETERS, STOPS_MAX};
use crate::dialect::{GATEWAY_MEMBERS, Reading};
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, raw_value};

/// A chat request being written.
#[derive(Debug)]
pub(crate) struct Translation<'w, 'o> {
    chat: &'w mut ObjectWriter<'o>,
    written: Vec<&'static str>,
    lost: Vec<String>,
}

/// Members that no dialect's body says in chat's words: the caller writes them, or the
/// translation does.
const NEVER_PASSED_ON: &[&str] = &["model", "stream", "messages", "prompt"];

/// Most names of lost parts kept: they are for a reader.
const LOST_MAX: usize = 64;

impl<'w, 'o> Translation<'w, 'o> {
    /// Begins.
    pub(crate) const fn new(chat: &'w mut ObjectWriter<'o>) -> Self {
        Self { chat, written: Vec::new(), lost: Vec::new() }
    }

    /// Writes a member, unless it was written.
    pub(crate) fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        if !self.written.contains(&name) {
            self.written.push(name);
            self.chat.field(name, value);
        }
    }

    /// Writes a member whose JSON is there already, unless it was written.
    pub(crate) fn raw(&mut self, name: &'static str, json: impl AsRef<[u8]>) {
        if !self.written.contains(&name) {
            self.written.push(name);
            self.chat.raw(name.as_bytes(), json.as_ref());
        }
    }

    /// Says that what was written stands for another member too, which is not passed on.
    pub(crate) fn supersede(&mut self, name: &'static str) {
        self.written.push(name);
    }

    /// Whether a member was written, or superseded.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.written.contains(&name)
    }

    /// Says that a part of the request is left out.
    pub(crate) fn lose(&mut self, name: impl Into<String>) {
        let name = name.into();
        if self.lost.len() < LOST_MAX && !self.lost.contains(&name) {
            self.lost.push(name);
        }
    }

    /// Writes stop sequences: as many as chat takes. `path` names them where there are more.
    pub(crate) fn stops(&mut self, path: &str, stops: &[String]) {
        if stops.len() > STOPS_MAX {
            self.lose(path);
        }
        if !stops.is_empty() {
            self.field("stop", stops.get(..STOPS_MAX).unwrap_or(stops));
        }
    }

    /// Passes on what chat may know under the same name: all members but those `own` to the
    /// dialect and those written already.
    pub(crate) fn pass_on(&mut self, object: &RawObject, own: impl Fn(&str) -> bool) {
        for (name, raw) in object.members().filter(|(_, raw)| *raw != "null") {
            let is_ours = GATEWAY_MEMBERS.contains(&name) || NEVER_PASSED_ON.contains(&name);
            if is_ours || own(name) || self.written.contains(&name) {
                continue;
            }
            self.chat.member(name, raw);
        }
    }

    /// The names of what was left out.
    pub(crate) fn finish(self) -> Vec<String> {
        self.lost
    }
}

/// Takes a parameter that the dialect calls `path` and chat calls `name`: a complaint names what
/// the client sent.
pub(crate) fn take_as(
    params: &mut ChatParams,
    name: &str,
    path: &str,
    value: &RawValue,
) -> Result<(), BadRequest> {
    params.take(name, value).map_err(|error| match error.message().strip_prefix(name) {
        Some(rest) => BadRequest::new(format!("{path}{rest}")),
        None => error,
    })
}

/// Reads a member that is passed on, as chat would.
pub(crate) fn take_passed_on(
    reading: &mut Reading,
    name: &str,
    raw: &str,
) -> Result<(), BadRequest> {
    if raw == "null" || NEVER_PASSED_ON.contains(&name) {
        return Ok(());
    }
    reading.params.take(name, raw_value(raw)?)?;
    if let Some(known) = PARAMETERS.iter().find(|known| **known == name) {
        note(reading, known);
    }
    Ok(())
}

/// Lists a parameter of the contract's vocabulary, once.
pub(crate) fn note(reading: &mut Reading, parameter: &'static str) {
    if !reading.parameters.contains(&parameter) {
        reading.parameters.push(parameter);
    }
}

/// Reads a part of a request as a value; a complaint begins with its path.
pub(crate) fn parse<'a, T: serde::Deserialize<'a>>(
    path: &str,
    raw: &'a RawValue,
) -> Result<T, BadRequest> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" at line").next().unwrap_or_default();
        BadRequest::new(format!("{path}: {reason}"))
    })
}

/// The elements of an array; a value that is none stands for an array of itself, as protocol
/// buffers have it.
pub(crate) fn many<'a>(path: &str, raw: &'a RawValue) -> Result<Vec<&'a RawValue>, BadRequest> {
    match raw.get().as_bytes().first() {
        Some(b'[') => parse(path, raw),
        Some(b'n') => Ok(Vec::new()),
        _ => Ok(vec![raw]),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn translated(body: &str, translate: impl FnOnce(&mut Translation<'_, '_>)) -> String {
        let object = RawObject::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let mut out = Vec::new();
        let mut chat = ObjectWriter::new(&mut out);
        let mut translation = Translation::new(&mut chat);
        translate(&mut translation);
        translation.pass_on(&object, |name| name == "own");
        let lost = translation.finish();
        chat.end();
        assert!(lost.is_empty());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_member_is_written_once_and_the_rest_passed_on() {
        let body = r#"{"model":"m","own":1,"seed":2,"stop":"x","reasoning_effort":"low","a\"b":3,"none":null,"provider":{}}"#;
        let text = translated(body, |chat| {
            chat.raw("stop", r#"["y"]"#);
            chat.field("stop", "z");
            chat.supersede("reasoning_effort");
            assert!(chat.has("stop") && chat.has("reasoning_effort") && !chat.has("seed"));
        });
        assert_eq!(text, r#"{"stop":["y"],"seed":2,"a\"b":3}"#);
    }

    #[test]
    fn names_are_noted_once_and_not_without_end() {
        let mut out = Vec::new();
        let mut chat = ObjectWriter::new(&mut out);
        let mut translation = Translation::new(&mut chat);
        for name in 0..1_000 {
            translation.lose("speed");
            translation.lose(format!("x{name}"));
        }
        assert_eq!(translation.finish().len(), LOST_MAX);
    }
}

//! Citations: chat has a citation's members one level deeper than this dialect (contract §3.1).
//!
//! Positions count characters. In chat they count from the start of the whole answer, here from the
//! start of the part that the citation belongs to.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{ObjectWriter, RawObject};

const URL_CITATION: &str = "url_citation";

#[derive(Deserialize)]
struct Citation<'a> {
    #[serde(borrow, default)]
    url_citation: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Position {
    start_index: Option<u64>,
}

/// Where in the whole answer the statement begins that a citation of chat's form is about.
pub(super) fn start(annotation: &RawValue) -> Option<u64> {
    let position: Position = serde_json::from_str(nested_members(annotation)?.get()).ok()?;
    position.start_index
}

/// A citation of chat's form in this dialect's, for a part with `before` characters of the answer
/// before it. Other annotations have one form.
pub(super) fn flat(annotation: &RawValue, before: u64) -> Box<RawValue> {
    let written = nested_members(annotation).and_then(|members| {
        rewritten(
            members,
            |it| it.saturating_sub(before),
            |out| {
                let mut object = ObjectWriter::new(out);
                object.field("type", URL_CITATION);
                object
            },
        )
    });
    written.unwrap_or_else(|| annotation.to_owned())
}

/// A citation of this dialect's form in chat's; none of what chat doesn't know.
pub(super) fn nested(annotation: &RawValue, before: u64) -> Option<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    let kind: Kind = serde_json::from_str(annotation.get()).ok()?;
    match kind.kind.as_str() {
        URL_CITATION => {
            let members = rewritten(
                annotation,
                |it| it.saturating_add(before),
                |out| ObjectWriter::new(out),
            )?;
            let mut out = Vec::with_capacity(members.get().len().saturating_add(64));
            let mut object = ObjectWriter::new(&mut out);
            object.field("type", URL_CITATION);
            object.field(URL_CITATION, &members);
            object.end();
            raw(out)
        }
        "file" => Some(annotation.to_owned()),
        _ => None,
    }
}

fn nested_members(annotation: &RawValue) -> Option<&RawValue> {
    let citation: Citation<'_> = serde_json::from_str(annotation.get()).ok()?;
    citation.url_citation
}

/// The members of a citation but its type, with their positions moved.
fn rewritten(
    members: &RawValue,
    moved: impl Fn(u64) -> u64,
    begin: impl for<'o> FnOnce(&'o mut Vec<u8>) -> ObjectWriter<'o>,
) -> Option<Box<RawValue>> {
    let members = RawObject::read(Bytes::copy_from_slice(members.get().as_bytes())).ok()?;
    let mut out = Vec::with_capacity(members.text().len().saturating_add(32));
    let mut object = begin(&mut out);
    for (name, value) in members.members().filter(|(name, _)| *name != "type") {
        match (name, value.parse::<u64>()) {
            ("start_index" | "end_index", Ok(position)) => object.field(name, &moved(position)),
            _ => object.member(name, value),
        }
    }
    object.end();
    raw(out)
}

fn raw(json: Vec<u8>) -> Option<Box<RawValue>> {
    RawValue::from_string(String::from_utf8(json).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_change_their_form_and_their_origin() {
        let chat = r#"{"type":"url_citation","url_citation":{"url":"https://x","title":"a \"b\"","content":"c","start_index":12,"end_index":15}}"#;
        let here = r#"{"type":"url_citation","url":"https://x","title":"a \"b\"","content":"c","start_index":2,"end_index":5}"#;
        let chat: &RawValue = serde_json::from_str(chat).unwrap();
        assert_eq!(start(chat), Some(12));
        assert_eq!(flat(chat, 10).get(), here);
        assert_eq!(nested(serde_json::from_str(here).unwrap(), 10).unwrap().get(), chat.get());
    }

    #[test]
    fn other_annotations_are_left_alone() {
        let file = r#"{"type":"file","file":{"hash":"h","name":"n","content":[]}}"#;
        let file: &RawValue = serde_json::from_str(file).unwrap();
        assert_eq!(start(file), None);
        assert_eq!(flat(file, 10).get(), file.get());
        assert_eq!(nested(file, 10).unwrap().get(), file.get());
        let own = r#"{"type":"file_citation","file_id":"f","index":1}"#;
        assert!(nested(serde_json::from_str(own).unwrap(), 0).is_none());
    }
}

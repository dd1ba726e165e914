//! The input without what only the gateway knows (contract §3.5).

use std::borrow::Cow;

use memchr::memmem;
use serde_json::{Map, Value};
use tollgate_wire::json::{ScanError, Scanner};

/// Members of a reasoning item that say which provider family wrote it.
const REASONING_EXTENSIONS: [&str; 2] = ["format", "signature"];

/// How the formats of reasoning end that a provider of this protocol can read.
const READABLE: &str = "openai-responses-v1";

/// The input as the provider takes it; `None` when it can go as it is.
///
/// Only items that must change are built. Reasoning of another family is left out: the provider
/// can't read it and would refuse the whole request.
pub(super) fn adapted(raw: &str) -> Option<Vec<u8>> {
    let text = raw.as_bytes();
    let holds = |word: &str| memmem::find(text, word.as_bytes()).is_some();
    if !text.starts_with(b"[")
        || !(holds("\"cache_control\"") || holds("\"format\"") || holds("\"signature\""))
    {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    items(text, &mut out).ok()?;
    Some(out)
}

fn items(text: &[u8], out: &mut Vec<u8>) -> Result<(), ScanError> {
    let mut scanner = Scanner::new(text);
    let (mut first, mut empty) = (true, true);
    out.push(b'[');
    scanner.begin_array()?;
    while scanner.next_element(first)? {
        first = false;
        let span = scanner.value()?;
        let raw = text.get(span).unwrap_or_default();
        let Some(item) = item(raw) else { continue };
        if !empty {
            out.push(b',');
        }
        empty = false;
        out.extend_from_slice(&item);
    }
    out.push(b']');
    Ok(())
}

/// An item as the provider takes it; `None` to leave it out.
fn item(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Ok(Value::Object(mut item)) = serde_json::from_slice(raw) else {
        return Some(Cow::Borrowed(raw));
    };
    let changed = if item.get("type").and_then(Value::as_str) == Some("reasoning") {
        let format = item.get("format").and_then(Value::as_str);
        if format.is_some_and(|format| format != READABLE) {
            return None;
        }
        remove_each(&mut item, &REASONING_EXTENSIONS)
    } else {
        without_markers(&mut item)
    };
    let written = changed.then(|| serde_json::to_vec(&item).ok()).flatten();
    Some(written.map_or(Cow::Borrowed(raw), Cow::Owned))
}

/// Takes the prompt-cache markers of other families from an item and from its content.
fn without_markers(item: &mut Map<String, Value>) -> bool {
    let mut changed = remove_each(item, &["cache_control"]);
    for key in ["content", "output"] {
        if let Some(Value::Array(parts)) = item.get_mut(key) {
            for part in parts.iter_mut().filter_map(Value::as_object_mut) {
                changed |= remove_each(part, &["cache_control"]);
            }
        }
    }
    changed
}

fn remove_each(object: &mut Map<String, Value>, keys: &[&str]) -> bool {
    let before = object.len();
    for key in keys {
        object.remove(*key);
    }
    object.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_provider_would_refuse_is_changed() {
        for (input, expected) in [
            (r#""hi \"format\"""#, None),
            (r#"[{"role":"user","content":"hi"}]"#, None),
            (
                r#"[ {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x","format":"openai-responses-v1"} ,{"role":"user", "content":1.50}]"#,
                Some(
                    r#"[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},{"role":"user", "content":1.50}]"#,
                ),
            ),
            (
                r#"[{"type":"reasoning","id":"a","summary":[],"signature":"s","format":"anthropic-claude-v1"},{"type":"x","format":"wav"}]"#,
                Some(r#"[{"type":"x","format":"wav"}]"#),
            ),
            (
                r#"[{"role":"user","content":[{"type":"input_text","text":"a","cache_control":{"type":"ephemeral"}}]}]"#,
                Some(r#"[{"role":"user","content":[{"type":"input_text","text":"a"}]}]"#),
            ),
        ] {
            let adapted = adapted(input).map(|it| String::from_utf8(it).unwrap());
            assert_eq!(adapted.as_deref(), expected, "{input}");
        }
    }
}

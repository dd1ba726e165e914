//! Contents of clients that speak Gemini's protocol, as Vertex AI takes them.
//!
//! Google AI Studio guesses whose a content is, gives calls of tools ids, and finds out the type of
//! media given by address. Vertex AI wants the first and the last said, and refuses the ids.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>

use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};

use crate::splice::{elements, members, raw, same_name};

/// What is in contents that Vertex AI takes in another way than Google AI Studio.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents<'a> {
    /// Some content does not say whose it is.
    lacks_roles: bool,
    /// The ids of the calls, in their order.
    calls: Vec<&'a [u8]>,
    /// The ids of the results, in theirs.
    results: Vec<&'a [u8]>,
    /// Media by address without a type.
    lacks_types: bool,
}

impl<'a> Contents<'a> {
    /// Reads `contents`. What has an unusual form is the provider's to judge.
    pub(super) fn read(json: &'a str) -> Self {
        let mut found = Self::default();
        let text = json.as_bytes();
        let _ = each(text, |content| {
            let mut has_role = false;
            members(&mut Scanner::new(content), |key, scanner| {
                let value = raw(content, scanner)?;
                has_role |= key == b"role" && value != b"null";
                if key == b"parts" { each(value, |part| found.part(part)) } else { Ok(()) }
            })?;
            found.lacks_roles |= !has_role;
            Ok(())
        });
        found
    }

    /// Whether only the translation knows what to do: it puts results into the order of their
    /// calls, by which they are matched where there are no ids, and guesses types.
    pub(super) fn must_be_translated(&self) -> bool {
        self.lacks_types || !self.calls.starts_with(&self.results)
    }

    /// Whether they can't go as they are.
    pub(super) fn must_change(&self) -> bool {
        self.lacks_roles || !self.calls.is_empty() || !self.results.is_empty()
    }

    fn part(&mut self, part: &'a [u8]) -> Result<(), ScanError> {
        members(&mut Scanner::new(part), |key, scanner| {
            let value = raw(part, scanner)?;
            match kind(key) {
                Some(Kind::Call) => self.calls.extend(id(value)?),
                Some(Kind::Result) => self.results.extend(id(value)?),
                None if is_named(key, "fileData") => {
                    let mut has_type = false;
                    members(&mut Scanner::new(value), |key, scanner| {
                        has_type |= is_named(key, "mimeType");
                        scanner.value().map(drop)
                    })?;
                    self.lacks_types |= !has_type;
                }
                None => {}
            }
            Ok(())
        })
    }
}

/// The same contents with roles and without ids.
pub(super) fn adapted(json: &str) -> Result<Vec<u8>, ScanError> {
    mapped(json.as_bytes(), |content| {
        let mut out = Vec::with_capacity(content.len().saturating_add(16));
        let mut object = ObjectWriter::new(&mut out);
        let mut has_role = false;
        members(&mut Scanner::new(content), |key, scanner| {
            let value = raw(content, scanner)?;
            match key {
                b"role" if value == b"null" => {}
                b"parts" => object.raw(key, &mapped(value, part)?),
                _ => object.raw(key, value),
            }
            has_role |= key == b"role" && value != b"null";
            Ok(())
        })?;
        if !has_role {
            object.field("role", "user");
        }
        object.end();
        Ok(out)
    })
}

fn part(part: &[u8]) -> Result<Vec<u8>, ScanError> {
    let mut out = Vec::with_capacity(part.len());
    let mut object = ObjectWriter::new(&mut out);
    members(&mut Scanner::new(part), |key, scanner| {
        let value = raw(part, scanner)?;
        match kind(key) {
            Some(_) if value.starts_with(b"{") => object.raw(key, &without_id(value)?),
            _ => object.raw(key, value),
        }
        Ok(())
    })?;
    object.end();
    Ok(out)
}

fn without_id(call: &[u8]) -> Result<Vec<u8>, ScanError> {
    let mut out = Vec::with_capacity(call.len());
    let mut object = ObjectWriter::new(&mut out);
    members(&mut Scanner::new(call), |key, scanner| {
        let value = raw(call, scanner)?;
        if key != b"id" {
            object.raw(key, value);
        }
        Ok(())
    })?;
    object.end();
    Ok(out)
}

/// Whose id a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Call,
    Result,
}

fn kind(key: &[u8]) -> Option<Kind> {
    match key {
        key if is_named(key, "functionCall") => Some(Kind::Call),
        key if is_named(key, "functionResponse") => Some(Kind::Result),
        _ => None,
    }
}

fn is_named(key: &[u8], name: &str) -> bool {
    std::str::from_utf8(key).is_ok_and(|key| same_name(key, name))
}

/// The id of a call or a result.
fn id(call: &[u8]) -> Result<Option<&[u8]>, ScanError> {
    let mut id = None;
    members(&mut Scanner::new(call), |key, scanner| {
        let value = raw(call, scanner)?;
        if key == b"id" && value != b"null" {
            id = Some(value);
        }
        Ok(())
    })?;
    Ok(id)
}

/// Visits the elements of an array; another value stands for an array of itself.
fn each<'a>(
    json: &'a [u8],
    mut visit: impl FnMut(&'a [u8]) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let mut scanner = Scanner::new(json);
    if scanner.peek() != Some(b'[') {
        return visit(json);
    }
    elements(&mut scanner, |scanner| visit(raw(json, scanner)?))
}

/// The array with each of its elements changed.
fn mapped(
    json: &[u8],
    change: impl Fn(&[u8]) -> Result<Vec<u8>, ScanError>,
) -> Result<Vec<u8>, ScanError> {
    let mut changed = Vec::new();
    each(json, |element| {
        changed.push(change(element)?);
        Ok(())
    })?;
    Ok([b"[", changed.join(&b","[..]).as_slice(), b"]"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_said_and_ids_are_not() {
        for (given, expected) in [
            (r#"[{"parts":[{"text":"a"}]}]"#, r#"[{"parts":[{"text":"a"}],"role":"user"}]"#),
            (
                r#"{"role":null,"parts":{"text" : "a"}}"#,
                r#"[{"parts":[{"text":"a"}],"role":"user"}]"#,
            ),
            (
                r#"[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{"id":"x"}},"thoughtSignature":"s"}]}]"#,
                r#"[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"id":"x"}},"thoughtSignature":"s"}]}]"#,
            ),
            (
                r#"[{"role":"user","parts":[{"function_response":{"id":"1","name":"f","response":{ }}}]}]"#,
                r#"[{"role":"user","parts":[{"function_response":{"name":"f","response":{ }}}]}]"#,
            ),
        ] {
            assert!(Contents::read(given).must_change(), "{given}");
            assert_eq!(String::from_utf8(adapted(given).unwrap()).unwrap(), expected);
        }
        let plain = r#"[{"role":"user","parts":[{"text":"a"}]}]"#;
        assert!(!Contents::read(plain).must_change());
    }

    #[test]
    fn results_out_of_order_and_media_without_a_type_are_translated() {
        let calls = r#"{"role":"model","parts":[{"functionCall":{"id":"1","name":"f"}},{"functionCall":{"id":"2","name":"f"}}]}"#;
        let result = |id: &str| format!(r#"{{"functionResponse":{{"id":"{id}","name":"f"}}}}"#);
        for (contents, expected) in [
            (format!(r#"[{calls},{{"role":"user","parts":[{},{}]}}]"#, result("1"), result("2")), false),
            (format!(r#"[{calls},{{"role":"user","parts":[{},{}]}}]"#, result("2"), result("1")), true),
            (r#"[{"role":"user","parts":[{"fileData":{"fileUri":"gs://b/x"}}]}]"#.to_owned(), true),
            (
                r#"[{"role":"user","parts":[{"file_data":{"file_uri":"gs://b/x","mime_type":"image/png"}}]}]"#
                    .to_owned(),
                false,
            ),
            ("7".to_owned(), false),
        ] {
            assert_eq!(Contents::read(&contents).must_be_translated(), expected, "{contents}");
        }
    }
}

//! Requests as forms (`multipart/form-data`, RFC 7578), which is how files are sent.
//!
//! What parts are separated by must not occur in them, so it is derived from them and looked for:
//! the same form is always the same bytes, and needs no randomness.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::Unsupported;
use crate::adapter::post;

/// More than any provider takes.
const BYTES_MAX: usize = 128 << 20;

/// Boundaries that are tried. One is enough, unless somebody writes files to prevent it.
const TRIES_MAX: u64 = 16;

/// A form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    head: String,
    content: Bytes,
}

/// A file of a form.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) media_type: &'a str,
    pub(crate) bytes: Bytes,
}

impl Form {
    /// Adds a field.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<Bytes>) {
        let head = format!("Content-Disposition: form-data; name=\"{}\"\r\n", escaped(name));
        self.parts.push(Part { head, content: value.into() });
    }

    /// Adds a field with what a JSON value says. The elements of an array are fields of the same
    /// name, with brackets behind it.
    pub(crate) fn json_field(&mut self, name: &str, raw: &str) {
        let elements: Option<Vec<String>> = serde_json::from_str(raw).ok();
        let brackets = if name.ends_with("[]") { "" } else { "[]" };
        match (elements, serde_json::from_str::<String>(raw)) {
            (Some(elements), _) => {
                let name = format!("{name}{brackets}");
                for text in elements {
                    self.field(&name, text);
                }
            }
            (None, Ok(text)) => self.field(name, text),
            (None, Err(_)) => self.field(name, raw.to_owned()),
        }
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, name: &str, file: File<'_>) {
        let media_type = if is_media_type(file.media_type) {
            file.media_type
        } else {
            "application/octet-stream"
        };
        let head = format!(
            "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {media_type}\r\n",
            escaped(name),
            escaped(file.name),
        );
        self.parts.push(Part { head, content: file.bytes });
    }

    /// A POST of the form to `url`.
    pub(crate) fn post(self, url: &str) -> Result<Request<Bytes>, Unsupported> {
        if self.length() > BYTES_MAX {
            return Err(Unsupported("files of more than 128 MiB".to_owned()));
        }
        let boundary = self.boundary().ok_or_else(|| {
            Unsupported("files that contain what parts of a form are separated by".to_owned())
        })?;
        let mut request = post(url, self.encoded(&boundary))?;
        let media_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .map_err(|_| Unsupported("a form without a boundary".to_owned()))?;
        request.headers_mut().insert(CONTENT_TYPE, media_type);
        Ok(request)
    }

    fn length(&self) -> usize {
        let parts = self.parts.iter();
        parts.map(|part| part.head.len().saturating_add(part.content.len())).sum()
    }

    fn encoded(&self, boundary: &str) -> Vec<u8> {
        let frames = self.parts.len().saturating_mul(boundary.len() + 8);
        let mut body = Vec::with_capacity(self.length().saturating_add(frames).saturating_add(64));
        for part in &self.parts {
            for piece in ["--", boundary, "\r\n", &part.head, "\r\n"] {
                body.extend_from_slice(piece.as_bytes());
            }
            body.extend_from_slice(&part.content);
            body.extend_from_slice(b"\r\n");
        }
        for piece in ["--", boundary, "--\r\n"] {
            body.extend_from_slice(piece.as_bytes());
        }
        body
    }

    /// What occurs in no part.
    fn boundary(&self) -> Option<String> {
        let seed = self
            .parts
            .iter()
            .fold(0, |seed, part| hash(hash(seed, part.head.as_bytes()), &part.content));
        self.separator(seed)
    }

    /// The first text of a row that occurs in no part.
    fn separator(&self, seed: u64) -> Option<String> {
        let mut row = (0..TRIES_MAX).map(|attempt| candidate(seed, attempt));
        row.find(|boundary| !self.holds(boundary.as_bytes()))
    }

    fn holds(&self, text: &[u8]) -> bool {
        let finder = memchr::memmem::Finder::new(text);
        self.parts.iter().any(|part| {
            [part.head.as_bytes(), &part.content]
                .into_iter()
                .any(|bytes| finder.find(bytes).is_some())
        })
    }
}

fn candidate(seed: u64, attempt: u64) -> String {
    format!("tollgate-{:016x}", hash(seed, &attempt.to_le_bytes()))
}

/// FNV-1a over words of eight bytes: spread is all that is wanted of it.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(23);
    let (words, rest) = bytes.as_chunks::<8>();
    let begun = mix(seed ^ OFFSET, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let hashed = words.iter().fold(begun, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hashed, |hash, byte| mix(hash, u64::from(*byte)))
}

/// A name in quotes, as browsers write it: <https://html.spec.whatwg.org/#multipart-form-data>.
fn escaped(name: &str) -> Cow<'_, str> {
    if !name.contains(['"', '\r', '\n']) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A"))
}

/// Whether a text can stand in a header as a media type.
fn is_media_type(text: &str) -> bool {
    text.contains('/') && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(content: &[u8]) -> Form {
        let mut form = Form::default();
        form.field("model", "whisper-1");
        form.json_field("include", r#"["a","b"]"#);
        form.json_field("timestamp_granularities[]", r#"["word"]"#);
        form.json_field("temperature", "0.5");
        form.json_field("chunking_strategy", r#"{"type":"server_vad"}"#);
        form.json_field("prompt", r#""\u00fc\n""#);
        let bytes = Bytes::copy_from_slice(content);
        form.file("file", File { name: "a\"\r\n.wav", media_type: "audio/wav", bytes });
        form
    }

    #[test]
    fn a_form_is_written_part_by_part() {
        let request = sample(b"RIFF\x00").post("https://x.test/a").unwrap();
        let boundary = sample(b"RIFF\x00").boundary().unwrap();
        assert_eq!(
            request.headers()[CONTENT_TYPE],
            format!("multipart/form-data; boundary={boundary}")
        );
        let part = |head: &str, text: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
        };
        let expected = [
            part("name=\"model\"", "whisper-1"),
            part("name=\"include[]\"", "a"),
            part("name=\"include[]\"", "b"),
            part("name=\"timestamp_granularities[]\"", "word"),
            part("name=\"temperature\"", "0.5"),
            part("name=\"chunking_strategy\"", r#"{"type":"server_vad"}"#),
            part("name=\"prompt\"", "ü\n"),
            part("name=\"file\"; filename=\"a%22%0D%0A.wav\"\r\nContent-Type: audio/wav", "RIFF\0"),
            format!("--{boundary}--\r\n"),
        ];
        assert_eq!(std::str::from_utf8(request.body()).unwrap(), expected.concat());
    }

    #[test]
    fn the_boundary_occurs_in_no_part() {
        let first = sample(b"").boundary().unwrap();
        assert_eq!(sample(b"").boundary(), Some(first.clone()), "the same form, the same bytes");
        assert_ne!(sample(b"\0").boundary(), Some(first));
        let row: Vec<String> = (0..TRIES_MAX).map(|attempt| candidate(7, attempt)).collect();
        assert_eq!(sample(b"").separator(7).as_ref(), row.first());
        let taken = |count: usize| sample(row[..count].concat().as_bytes()).separator(7);
        assert_eq!(taken(2).as_ref(), row.get(2));
        assert_eq!(taken(row.len()), None);
    }

    #[test]
    fn what_is_no_media_type_is_not_passed_on() {
        for media_type in ["", "audio", "audio/wav\r\nX: y", "audio/wäv"] {
            let mut form = Form::default();
            form.file("file", File { name: "a", media_type, bytes: Bytes::new() });
            assert!(form.parts[0].head.ends_with("Content-Type: application/octet-stream\r\n"));
        }
    }

    #[test]
    fn a_form_has_a_bound() {
        let mut form = Form::default();
        form.field("a", vec![0; BYTES_MAX]);
        assert_eq!(form.post("https://x.test").unwrap_err().0, "files of more than 128 MiB");
    }
}

//! A JSON object whose members are known and whose values are not.

use std::borrow::Cow;
use std::collections::HashSet;
use std::string::FromUtf8Error;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::{Position, ScanError, Scanner, Span, mend_surrogates};

/// One top-level member.
#[derive(Debug, Clone)]
struct Field {
    key: Span,
    /// The key without its escapes, when it has any: an escaped `model` is still the model.
    unescaped: Option<Box<str>>,
    value: Span,
}

/// A request body that was walked once: it is JSON, it is an object, and it is known where its
/// members stand. Nothing is built, and the bytes are kept.
#[derive(Debug, Clone)]
pub struct RawObject {
    text: String,
    fields: Vec<Field>,
    /// The text as it came, where halves of characters in it were mended. Of the same length: what
    /// stands in the one stands in the other.
    received: Option<Box<str>>,
}

/// No request has so many parameters; one that has is an attack.
const MEMBERS_MAX: usize = 1_000;
/// Up to as many are compared with each other; of more a set is made.
const MEMBERS_USUAL: usize = 16;

impl RawObject {
    /// Walks a request body.
    ///
    /// # Errors
    ///
    /// Names the line and column where the body stops being JSON, or a member given twice.
    pub fn read(body: Bytes) -> Result<Self, BadRequest> {
        // Takes the buffer over where nobody else holds it: the check is made once, for good.
        let mut text = String::from_utf8(body.into()).map_err(|error| not_utf8(&error))?;
        // Clients that cut text by UTF-16 units leave half a character behind: no string holds it.
        let mut received = None;
        if let Cow::Owned(mended) = mend_surrogates(text.as_bytes()) {
            let mended = String::from_utf8(mended).map_err(|error| not_utf8(&error))?;
            received = Some(std::mem::replace(&mut text, mended).into_boxed_str());
        }
        let fields = fields_of(&text)?;
        let object = Self { text, fields, received };
        object.refuse_repeated()?;
        Ok(object)
    }

    /// The whole body, with U+FFFD where half a character stood.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The members in their order: key and raw JSON value.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| {
            (field.name(&self.text), self.text.get(field.value.clone()).unwrap_or_default())
        })
    }

    /// The same, each value as it came to the byte: for who passes it on and reads nothing.
    pub fn members_received(&self) -> impl Iterator<Item = (&str, &str)> {
        let received = self.received.as_deref().unwrap_or(&self.text);
        self.fields.iter().map(move |field| {
            (field.name(&self.text), received.get(field.value.clone()).unwrap_or_default())
        })
    }

    /// The members with the offset of their values in [`text`](Self::text).
    pub fn members_at(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.fields.iter().map(|field| {
            let raw = self.text.get(field.value.clone()).unwrap_or_default();
            (field.name(&self.text), raw, field.value.start)
        })
    }

    /// The raw JSON of one member, unless it is absent or `null`.
    pub fn member(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.is(name, &self.text))?;
        self.text.get(field.value.clone()).filter(|value| *value != "null")
    }

    /// One member as a value, unless it is absent or `null`.
    ///
    /// # Errors
    ///
    /// Names the member and what was expected of it.
    pub fn get<T: DeserializeOwned>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, BadRequest> {
        self.member(name)
            .map(|raw| serde_json::from_str(raw).map_err(|_| wrong_type(name, expected, raw)))
            .transpose()
    }

    /// A member given twice is ambiguous: which one is checked, and which one does the provider
    /// use?
    fn refuse_repeated(&self) -> Result<(), BadRequest> {
        let names = || self.fields.iter().map(|field| field.name(&self.text));
        let repeated = if self.fields.len() <= MEMBERS_USUAL {
            let others = |at: usize| self.fields.iter().take(at);
            let mut all = names().enumerate();
            all.find(|(at, name)| others(*at).any(|other| other.is(name, &self.text)))
                .map(|(_, name)| name)
        } else {
            let mut seen = HashSet::with_capacity(self.fields.len());
            names().find(|name| !seen.insert(*name))
        };
        match repeated {
            Some(name) => Err(BadRequest::new(format!("{name}: Given more than once"))),
            None => Ok(()),
        }
    }
}

impl Field {
    fn name<'a>(&'a self, text: &'a str) -> &'a str {
        match &self.unescaped {
            Some(name) => name,
            None => text.get(self.key.clone()).unwrap_or_default(),
        }
    }

    /// Whether it is called so. Most names differ in length already, so that no text is looked at.
    fn is(&self, name: &str, text: &str) -> bool {
        match &self.unescaped {
            Some(known) => **known == *name,
            None => {
                self.key.len() == name.len()
                    && text.as_bytes().get(self.key.clone()) == Some(name.as_bytes())
            }
        }
    }
}

fn not_utf8(error: &FromUtf8Error) -> BadRequest {
    let at = Position::of(error.as_bytes(), error.utf8_error().valid_up_to());
    BadRequest::new(format!("Request body is not valid UTF-8 at {at}"))
}

fn fields_of(text: &str) -> Result<Vec<Field>, BadRequest> {
    let bytes = text.as_bytes();
    let mut scanner = Scanner::new(bytes);
    if scanner.peek().is_none() {
        return Err(BadRequest::new("Request body is empty; send a JSON object"));
    }
    let mut fields = Vec::with_capacity(16);
    let mut walk = || -> Result<(), ScanError> {
        scanner.begin_object()?;
        while let Some(key) = scanner.next_member(fields.is_empty())? {
            // The key ends before a quote, white space and a colon; its span is found from the
            // slice itself.
            let key = span_of(bytes, key);
            let value = scanner.value()?;
            if fields.len() >= MEMBERS_MAX {
                let expected = "at most 1000 members at the top level";
                return Err(ScanError { offset: scanner.offset(), expected });
            }
            let unescaped = unescape(text.get(key.clone()).unwrap_or_default());
            fields.push(Field { key, unescaped, value });
        }
        scanner.end()
    };
    walk().map_err(|error| not_json(bytes, error))?;
    Ok(fields)
}

/// Where `part` stands in `whole`, of which it is a slice.
fn span_of(whole: &[u8], part: &[u8]) -> Span {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}

fn unescape(key: &str) -> Option<Box<str>> {
    if !key.contains('\\') {
        return None;
    }
    serde_json::from_str::<String>(&format!("\"{key}\"")).ok().map(String::into_boxed_str)
}

/// Turns a scan error into the sentence a caller needs.
pub(crate) fn not_json(text: &[u8], error: ScanError) -> BadRequest {
    let at = Position::of(text, error.offset);
    if error.offset >= text.len() {
        return BadRequest::new(format!(
            "Request body is not valid JSON: it ends at {at} where {} was expected",
            error.expected
        ));
    }
    BadRequest::new(format!("Request body is not valid JSON: expected {} at {at}", error.expected))
}

/// A raw value of a request that was walked already.
pub(crate) fn raw_value(json: &str) -> Result<&RawValue, BadRequest> {
    serde_json::from_str(json)
        .map_err(|error| BadRequest::new(format!("Request body is not valid JSON: {error}")))
}

/// Says that a member has the wrong type.
pub(crate) fn wrong_type(name: &str, expected: &str, raw: &str) -> BadRequest {
    BadRequest::new(format!("{name}: Expected {expected}, received {}", kind_of(raw)))
}

/// What a JSON text is, for a message.
pub(crate) fn kind_of(json: &str) -> String {
    match json.bytes().next() {
        Some(b'"') => {
            let shown: String = json.chars().take(40).collect();
            format!("string {shown}")
        }
        Some(b'{') => "object".to_owned(),
        Some(b'[') => "array".to_owned(),
        Some(b't' | b'f') => "boolean".to_owned(),
        Some(b'n') => "null".to_owned(),
        _ => format!("number {}", json.chars().take(40).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_and_none_is_given_twice() {
        let read = |body: String| RawObject::read(Bytes::from(body));
        let object = read(r#"{"a":1,"b":null,"\u0063d":"x"}"#.to_owned()).unwrap();
        let found = ["a", "b", "cd", "d"].map(|name| object.member(name));
        assert_eq!(found, [Some("1"), None, Some("\"x\""), None]);
        for others in [1, 40] {
            let others: Vec<String> = (0..others).map(|it| format!(r#","x{it}":0"#)).collect();
            let others = others.concat();
            for (twice, name) in [(r#""a":1,"b":2,"a":3"#, "a"), (r#""b":1,"\u0062":2"#, "b")] {
                let error = read(format!("{{{twice}{others}}}")).unwrap_err();
                assert_eq!(error.message(), format!("{name}: Given more than once"));
            }
            assert!(read(format!(r#"{{"a":1,"b":2,"ab":3{others}}}"#)).is_ok());
        }
    }

    #[test]
    fn half_a_character_is_replaced() {
        let body = Bytes::from_static(br#"{"prompt":"a\ud83d b","seed":1}"#);
        let object = RawObject::read(body).unwrap();
        assert_eq!(
            object.get::<String>("prompt", "string").unwrap().as_deref(),
            Some("a\u{fffd} b")
        );
        assert_eq!(object.member("seed"), Some("1"));
        let received: Vec<_> = object.members_received().collect();
        assert_eq!(received, [("prompt", r#""a\ud83d b""#), ("seed", "1")]);
    }
}

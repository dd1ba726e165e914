//! Objects and lists inside a request, their values still JSON text.
//!
//! Most of a request is copied into the chat request as it stands. So strings keep their escapes
//! ([`Escaped`]), and only what decides something is read.

use std::borrow::Cow;
use std::fmt;

use crate::error::BadRequest;
use crate::json::{ScanError, Scanner, not_json, wrong_type};

/// Where a value stands, for whoever reads what is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Member(&'static str),
    Element(usize),
}

impl Path<'static> {
    /// A member of the request itself.
    pub(super) const fn top(name: &'static str) -> Self {
        Self { parent: None, step: Step::Member(name) }
    }
}

impl Path<'_> {
    /// A member of what stands here.
    pub(super) const fn member(&self, name: &'static str) -> Path<'_> {
        Path { parent: Some(self), step: Step::Member(name) }
    }

    /// An element of what stands here.
    pub(super) const fn element(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Element(index) }
    }

    /// Says that something else should stand here.
    pub(super) fn wrong(&self, expected: &str, raw: Option<&str>) -> BadRequest {
        match raw {
            Some(raw) => wrong_type(&self.to_string(), expected, raw),
            None => BadRequest::new(format!("{self}: Required")),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        match self.step {
            Step::Member(name) => f.write_str(name),
            Step::Element(index) => write!(f, "{index}"),
        }
    }
}

/// The inside of a JSON string, escapes as the client wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escaped<'a>(&'a str);

impl<'a> Escaped<'a> {
    /// The inside of `raw`, when it is a string.
    pub(super) fn of(raw: &'a str) -> Option<Self> {
        raw.strip_prefix('"')?.strip_suffix('"').map(Self)
    }

    /// With its escapes.
    pub(super) const fn as_str(self) -> &'a str {
        self.0
    }

    /// Without them.
    pub(super) fn unescaped(self) -> Cow<'a, str> {
        if !self.0.contains('\\') {
            return Cow::Borrowed(self.0);
        }
        // Half a surrogate pair has no text; it is left as it is written.
        serde_json::from_str(&format!("\"{}\"", self.0)).map_or(Cow::Borrowed(self.0), Cow::Owned)
    }

    /// How many characters it has.
    pub(super) fn characters(self) -> u64 {
        u64::try_from(self.unescaped().chars().count()).unwrap_or(u64::MAX)
    }
}

/// One object: its members in their order.
#[derive(Debug)]
pub(super) struct Fields<'a, 'p> {
    path: Path<'p>,
    members: Vec<(&'a str, &'a str)>,
}

impl<'a, 'p> Fields<'a, 'p> {
    /// Finds the members of the object that stands at `path`.
    pub(super) fn read(raw: &'a str, path: Path<'p>) -> Result<Self, BadRequest> {
        if !raw.starts_with('{') {
            return Err(path.wrong("object", Some(raw)));
        }
        let mut members = Vec::with_capacity(4);
        let mut scanner = Scanner::new(raw.as_bytes());
        let mut walk = || -> Result<(), ScanError> {
            scanner.begin_object()?;
            while let Some(key) = scanner.next_member(members.is_empty())? {
                let value = raw.get(scanner.value()?).unwrap_or_default();
                members.push((std::str::from_utf8(key).unwrap_or_default(), value));
            }
            Ok(())
        };
        walk().map_err(|error| not_json(raw.as_bytes(), error))?;
        Ok(Self { path, members })
    }

    /// Where the object stands.
    pub(super) const fn path(&self) -> &Path<'p> {
        &self.path
    }

    /// The names of the members that are not `null`.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.members.iter().filter(|(_, raw)| *raw != "null").map(|(name, _)| *name)
    }

    /// A member, unless it is absent or `null`.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let mut members = self.members.iter();
        members.find(|(key, raw)| *key == name && *raw != "null").map(|(_, raw)| *raw)
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&'a str, BadRequest> {
        self.get(name).ok_or_else(|| self.path.member(name).wrong("value", None))
    }

    /// A string.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<Escaped<'a>>, BadRequest> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        let wrong = || self.path.member(name).wrong("string", Some(raw));
        Escaped::of(raw).map(Some).ok_or_else(wrong)
    }

    /// A string that must be there.
    pub(super) fn required_text(&self, name: &'static str) -> Result<Escaped<'a>, BadRequest> {
        self.text(name)?.ok_or_else(|| self.path.member(name).wrong("string", None))
    }

    /// A boolean.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, BadRequest> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            other => Err(self.path.member(name).wrong("boolean", other)),
        }
    }

    /// A prompt-cache marker (contract §2.5).
    pub(super) fn marker(&self) -> Result<Option<&'a str>, BadRequest> {
        match self.get("cache_control") {
            Some(raw) if !raw.starts_with('{') => {
                Err(self.path.member("cache_control").wrong("object", Some(raw)))
            }
            marker => Ok(marker),
        }
    }
}

/// The elements of the array that stands at `path`.
pub(super) fn elements<'a>(raw: &'a str, path: &Path<'_>) -> Result<Vec<&'a str>, BadRequest> {
    if !raw.starts_with('[') {
        return Err(path.wrong("array", Some(raw)));
    }
    let mut elements = Vec::new();
    let mut scanner = Scanner::new(raw.as_bytes());
    let mut walk = || -> Result<(), ScanError> {
        scanner.begin_array()?;
        while scanner.next_element(elements.is_empty())? {
            elements.push(raw.get(scanner.value()?).unwrap_or_default());
        }
        Ok(())
    };
    walk().map_err(|error| not_json(raw.as_bytes(), error))?;
    Ok(elements)
}

/// A JSON array being written.
#[derive(Debug, Default)]
pub(super) struct List {
    /// `[` and the elements, or nothing yet.
    json: Vec<u8>,
}

impl List {
    /// Where the next element is to be written.
    pub(super) fn next(&mut self) -> &mut Vec<u8> {
        self.json.push(if self.json.is_empty() { b'[' } else { b',' });
        &mut self.json
    }

    /// Whether there is no element yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The array, unless it is empty.
    pub(super) fn into_json(mut self) -> Option<Vec<u8>> {
        if self.json.is_empty() {
            return None;
        }
        self.json.push(b']');
        Some(self.json)
    }
}

/// Appends pieces of JSON text.
pub(super) fn push(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        let messages = Path::top("messages");
        let (message, content) = (messages.element(3), "content");
        let content = message.member(content);
        let block = Fields::read(r#"{"type":7,"text":null,"on":"x"}"#, content.element(0)).unwrap();
        for (result, message) in [
            (
                block.text("type").map(drop),
                "messages.3.content.0.type: Expected string, received number 7",
            ),
            (block.required_text("text").map(drop), "messages.3.content.0.text: Required"),
            (block.required("data").map(drop), "messages.3.content.0.data: Required"),
            (
                block.flag("on").map(drop),
                "messages.3.content.0.on: Expected boolean, received string \"x\"",
            ),
            (
                Fields::read("[]", content.element(1)).map(drop),
                "messages.3.content.1: Expected object, received array",
            ),
            (
                elements("{}", &content).map(drop),
                "messages.3.content: Expected array, received object",
            ),
        ] {
            assert_eq!(result.unwrap_err().message(), message);
        }
    }

    #[test]
    fn escapes_are_kept_until_they_matter() {
        let text = Escaped::of(r#""a\n\u00e9""#).unwrap();
        assert_eq!((text.as_str(), text.unescaped().as_ref()), (r"a\n\u00e9", "a\né"));
        assert_eq!(text.characters(), 3);
        assert_eq!(Escaped::of(r#""\ud800""#).unwrap().unescaped(), r"\ud800");
        assert_eq!(Escaped::of("7"), None);
    }
}

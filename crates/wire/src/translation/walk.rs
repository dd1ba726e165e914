//! A walk over a request's bytes, with complaints that name the path.

use std::fmt::Display;

use crate::error::BadRequest;
use crate::json::{ScanError, Scanner, Span, kind_of, not_json};

/// A cursor over a request.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    scanner: Scanner<'a>,
}

impl<'a> Walk<'a> {
    /// Starts before the value at `offset`.
    pub(crate) const fn at(text: &'a [u8], offset: usize) -> Self {
        Self { text, scanner: Scanner::at(text, offset) }
    }

    /// The first byte of the next value.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.scanner.peek()
    }

    /// Enters an object.
    pub(crate) fn object(&mut self, path: impl Display) -> Result<(), BadRequest> {
        if self.scanner.peek() != Some(b'{') {
            return Err(self.wrong(path, "object"));
        }
        self.scanner.begin_object().map_err(|error| self.broken(error))
    }

    /// Enters an array.
    pub(crate) fn array(&mut self, path: impl Display) -> Result<(), BadRequest> {
        if self.scanner.peek() != Some(b'[') {
            return Err(self.wrong(path, "array"));
        }
        self.scanner.begin_array().map_err(|error| self.broken(error))
    }

    /// The next key of the object, or its end.
    pub(crate) fn member(&mut self, first: bool) -> Result<Option<&'a [u8]>, BadRequest> {
        self.scanner.next_member(first).map_err(|error| not_json(self.text, error))
    }

    /// Whether the array has another element.
    pub(crate) fn element(&mut self, first: bool) -> Result<bool, BadRequest> {
        self.scanner.next_element(first).map_err(|error| not_json(self.text, error))
    }

    /// Passes over a value.
    pub(crate) fn value(&mut self) -> Result<Span, BadRequest> {
        self.scanner.value().map_err(|error| not_json(self.text, error))
    }

    /// Passes over a value that doesn't matter.
    pub(crate) fn skip(&mut self) -> Result<(), BadRequest> {
        self.value().map(|_| ())
    }

    /// Passes over a value and returns its JSON.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], BadRequest> {
        let span = self.value()?;
        Ok(self.text.get(span).unwrap_or_default())
    }

    /// Says that the next value has the wrong type.
    pub(crate) fn wrong(&mut self, path: impl Display, expected: &str) -> BadRequest {
        self.scanner.peek();
        let rest = self.text.get(self.scanner.offset()..).unwrap_or_default();
        let rest = rest.get(..rest.len().min(64)).unwrap_or_default();
        let shown = kind_of(&String::from_utf8_lossy(rest));
        let shown = shown.split([',', '}', ']']).next().unwrap_or_default().to_owned();
        BadRequest::new(format!("{path}: Expected {expected}, received {shown}"))
    }

    fn broken(&self, error: ScanError) -> BadRequest {
        not_json(self.text, error)
    }
}

/// A length in bytes as a count.
pub(crate) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A JSON text for a message; `None` is what is missing.
pub(crate) fn shown(json: Option<&[u8]>) -> String {
    json.and_then(|json| std::str::from_utf8(json).ok())
        .map_or_else(|| "nothing".to_owned(), kind_of)
}

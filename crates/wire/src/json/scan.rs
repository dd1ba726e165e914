//! A validating walk over JSON bytes that builds nothing.

use std::ops::Range;

/// Where a value stands in the text, quotes and brackets included.
pub type Span = Range<usize>;

/// Deepest nesting taken; the same bound as `serde_json`, so that whatever is accepted here can
/// also be parsed later.
pub const DEPTH_MAX: u32 = 127;

/// The text is not JSON, and where that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ScanError {
    /// Offset of the first byte that can't stand there.
    pub offset: usize,
    /// What could have stood there.
    pub expected: &'static str,
}

/// A cursor over one JSON text.
///
/// Pull style: enter a container, ask for its members one by one, and consume each value with
/// [`Scanner::value`] or by entering it.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts before the first value of `text`.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Starts inside `text` at `offset`; spans stay relative to the whole text.
    pub const fn at(text: &'a [u8], offset: usize) -> Self {
        Self { text, at: offset }
    }

    /// The cursor's offset.
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The first byte of the next token, if any.
    pub fn peek(&mut self) -> Option<u8> {
        self.skip_whitespace();
        self.text.get(self.at).copied()
    }

    /// Consumes `{`.
    pub fn begin_object(&mut self) -> Result<(), ScanError> {
        self.token(b'{', "an object")
    }

    /// Moves to the next member of the object being read: returns its key without the quotes and
    /// stands before its value; `None` once `}` is consumed.
    pub fn next_member(&mut self, first: bool) -> Result<Option<&'a [u8]>, ScanError> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !first => self.at += 1,
            _ if first => {}
            _ => return Err(self.expected("`,` or `}`")),
        }
        self.key().map(Some)
    }

    /// Consumes `[`.
    pub fn begin_array(&mut self) -> Result<(), ScanError> {
        self.token(b'[', "an array")
    }

    /// Moves before the next element of the array being read; `false` once `]` is consumed.
    pub fn next_element(&mut self, first: bool) -> Result<bool, ScanError> {
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                if self.peek() == Some(b']') {
                    return Err(self.expected("a value"));
                }
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => Err(self.expected("`,` or `]`")),
        }
    }

    /// Consumes one value of any kind, however deep, and says where it stood.
    pub fn value(&mut self) -> Result<Span, ScanError> {
        self.skip_whitespace();
        let start = self.at;
        let mut open = Nesting::default();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        open.push(true).ok_or_else(|| self.expected("less nesting"))?;
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(false).ok_or_else(|| self.expected("less nesting"))?;
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            if self.close(&mut open)? {
                return Ok(start..self.at);
            }
        }
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<(), ScanError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }

    /// After a value inside containers: consumes closers and one comma. `true` once the outermost
    /// container is closed (or there was none).
    fn close(&mut self, open: &mut Nesting) -> Result<bool, ScanError> {
        loop {
            let Some(in_object) = open.top() else { return Ok(true) };
            match (self.peek(), in_object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.key()?;
                    return Ok(false);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(false);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.at += 1;
                    open.pop();
                }
                (_, true) => return Err(self.expected("`,` or `}`")),
                (_, false) => return Err(self.expected("`,` or `]`")),
            }
        }
    }

    fn scalar(&mut self) -> Result<(), ScanError> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.expected("a value")),
        }
    }

    fn key(&mut self) -> Result<&'a [u8], ScanError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a quoted key"));
        }
        let span = self.string()?;
        self.token(b':', "`:`")?;
        Ok(self.text.get(span).unwrap_or_default())
    }

    /// Consumes a string and returns what stands between its quotes.
    fn string(&mut self) -> Result<Span, ScanError> {
        self.at += 1;
        let start = self.at;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.expected("the end of a string"));
            };
            let plain = rest.get(..length).unwrap_or_default();
            // A fold over all of it, rather than a search, is what the compiler vectorises.
            if plain.iter().copied().fold(u8::MAX, u8::min) < 0x20 {
                self.at += plain.iter().position(|byte| *byte < 0x20).unwrap_or(0);
                return Err(self.expected("no bare control character in a string"));
            }
            self.at += length + 1;
            if rest.get(length) == Some(&b'"') {
                return Ok(start..self.at - 1);
            }
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<(), ScanError> {
        match self.text.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
                if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.expected("four hexadecimal digits after \\u"));
                }
                self.at += 5;
            }
            _ => return Err(self.expected("a known escape")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), ScanError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.expected("true, false or null"));
        }
        self.at += word.len();
        Ok(())
    }

    fn token(&mut self, byte: u8, expected: &'static str) -> Result<(), ScanError> {
        if self.peek() != Some(byte) {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    const fn expected(&self, expected: &'static str) -> ScanError {
        ScanError { offset: self.at, expected }
    }
}

/// Which containers are open, one bit each: set for an object.
#[derive(Debug, Default)]
struct Nesting {
    objects: u128,
    depth: u32,
}

impl Nesting {
    fn push(&mut self, object: bool) -> Option<()> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        self.objects = (self.objects << 1) | u128::from(object);
        Some(())
    }

    const fn top(&self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.objects & 1 == 1) }
    }

    const fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &[u8]) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.value().is_ok() && scanner.end().is_ok()
    }

    #[test]
    fn spans_are_those_of_the_values() {
        let text = br#" {"a" : [1, {"b":"}"}] , "c":"x\"y" } "#;
        let mut scanner = Scanner::new(text);
        scanner.begin_object().unwrap();
        let mut seen = Vec::new();
        let mut first = true;
        while let Some(key) = scanner.next_member(first).unwrap() {
            first = false;
            let span = scanner.value().unwrap();
            seen.push((key, &text[span]));
        }
        assert_eq!(seen, [(&b"a"[..], &br#"[1, {"b":"}"}]"#[..]), (&b"c"[..], &br#""x\"y""#[..])]);
        assert_eq!(scanner.end(), Ok(()));
    }

    #[test]
    fn what_is_not_json_is_refused_where_it_goes_wrong() {
        for (text, offset) in [
            (&b"{"[..], 1),
            (b"{\"a\":1,}", 7),
            (b"[1,]", 3),
            (b"[1 2]", 3),
            (b"{\"a\" 1}", 5),
            (b"\"a", 2),
            (b"\"\x01\"", 1),
            (b"\"\\x\"", 2),
            (b"\"\\u12g4\"", 2),
            (b"01", 1),
            (b"1.", 2),
            (b"-", 1),
            (b"tru", 0),
            (b"", 0),
            (b"nullx", 4),
        ] {
            let mut scanner = Scanner::new(text);
            let error = scanner.value().map(drop).and_then(|()| scanner.end()).unwrap_err();
            assert_eq!(error.offset, offset, "{}: {error}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert!(accepts(&deep(127)));
        assert!(!accepts(&deep(129)));
        assert!(!accepts(&vec![b'['; 1_000_000]));
    }

    proptest! {
        /// One grammar: what `serde_json` refuses is refused, what it takes is taken.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9a-ftruenls\\. \-]{0,24}"#) {
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(accepts(text.as_bytes()), theirs, "{}", text);
        }

        #[test]
        fn any_cut_of_a_document_is_refused(cut in 0usize..60) {
            let text = br#"{"a":[1,{"b":"\u00e9\n"},null,true,-1.5e3],"c":{"d":[]}} "#;
            prop_assume!(cut < text.len() - 1);
            prop_assert!(!accepts(&text[..cut]));
        }
    }
}

//! JSON that is passed on with a few members changed.
//!
//! What a provider sends to a client of its own dialect is walked once to see what it says, and
//! goes out byte for byte: only the spans that are ours to fill are replaced. Nothing is built.

use std::borrow::Cow;

use tollgate_wire::json::{ScanError, Scanner, Span, write_string};
pub(crate) use tollgate_wire::json::{compact_length, text_length};

use crate::Fault;

/// Turns a scan error in a provider's bytes into a fault.
pub(crate) fn malformed(error: ScanError) -> Fault {
    Fault::malformed(&format!("{error} at byte {}", error.offset))
}

/// Visits the members of the object at the scanner's position. `visit` consumes each value.
pub(crate) fn members<'a>(
    scanner: &mut Scanner<'a>,
    mut visit: impl FnMut(&'a [u8], &mut Scanner<'a>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    scanner.begin_object()?;
    let mut first = true;
    while let Some(key) = scanner.next_member(first)? {
        first = false;
        visit(key, scanner)?;
    }
    Ok(())
}

/// The names of the members of a JSON object; none of another value.
pub(crate) fn member_names(json: &str) -> Vec<String> {
    let mut names = Vec::new();
    let walk = members(&mut Scanner::new(json.as_bytes()), |key, scanner| {
        names.push(unescaped(key));
        scanner.value().map(drop)
    });
    if walk.is_ok() { names } else { Vec::new() }
}

/// Visits the elements of the array at the scanner's position. `visit` consumes each of them.
pub(crate) fn elements<'a>(
    scanner: &mut Scanner<'a>,
    mut visit: impl FnMut(&mut Scanner<'a>) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    scanner.begin_array()?;
    let mut first = true;
    while scanner.next_element(first)? {
        first = false;
        visit(scanner)?;
    }
    Ok(())
}

/// Consumes a `null`; says whether there was one.
pub(crate) fn null(scanner: &mut Scanner<'_>) -> Result<bool, ScanError> {
    let is_null = scanner.peek() == Some(b'n');
    if is_null {
        scanner.value()?;
    }
    Ok(is_null)
}

/// The value at the scanner's position, as it is written in `text`.
pub(crate) fn raw<'a>(text: &'a [u8], scanner: &mut Scanner<'a>) -> Result<&'a [u8], ScanError> {
    Ok(text.get(scanner.value()?).unwrap_or_default())
}

/// The string at the scanner's position, without its quotes and with its escapes; none for a
/// `null`.
pub(crate) fn string<'a>(
    text: &'a [u8],
    scanner: &mut Scanner<'a>,
) -> Result<Option<&'a [u8]>, ScanError> {
    if null(scanner)? {
        return Ok(None);
    }
    if scanner.peek() != Some(b'"') {
        return Err(ScanError { offset: scanner.offset(), expected: "a string" });
    }
    let span = scanner.value()?;
    Ok(Some(text.get(span.start + 1..span.end.saturating_sub(1)).unwrap_or_default()))
}

/// A string without its escapes.
pub(crate) fn unescaped(inner: &[u8]) -> String {
    let quoted = [b"\"", inner, b"\""].concat();
    serde_json::from_slice(&quoted).unwrap_or_else(|_| String::from_utf8_lossy(inner).into_owned())
}

/// A JSON text without line breaks, as an event's `data` must be. They can stand only between
/// tokens: inside a string they are not JSON.
pub(crate) fn one_line(json: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        return Cow::Borrowed(json);
    }
    Cow::Owned(json.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect())
}

/// Spans of a text, each with what takes its place.
pub(crate) type Edits = Vec<(Span, Vec<u8>)>;

/// Writes `text` with some of its spans replaced. An empty span is an insertion; those at the same
/// place keep their order.
pub(crate) fn patch<V: AsRef<[u8]>>(text: &[u8], edits: &mut [(Span, V)], out: &mut Vec<u8>) {
    edits.sort_by_key(|(span, _)| span.start);
    let mut at = 0;
    for (span, value) in edits {
        out.extend_from_slice(text.get(at..span.start).unwrap_or_default());
        out.extend_from_slice(value.as_ref());
        at = span.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
}

/// Where some members of an object stand, and where others can be added.
#[derive(Debug)]
pub(crate) struct Places<const N: usize> {
    names: [&'static str; N],
    spans: [Option<Span>; N],
    /// The offset of the closing brace.
    end: usize,
    empty: bool,
}

impl<const N: usize> Places<N> {
    /// Finds members of the object that stands at `offset` in `text`.
    pub(crate) fn find(
        text: &[u8],
        offset: usize,
        names: [&'static str; N],
    ) -> Result<Self, ScanError> {
        let mut scanner = Scanner::at(text, offset);
        let mut spans = [const { None }; N];
        let mut empty = true;
        members(&mut scanner, |key, scanner| {
            empty = false;
            let span = scanner.value()?;
            let known = names.iter().position(|name| name.as_bytes() == key);
            if let Some(place) = known.and_then(|at| spans.get_mut(at)) {
                *place = Some(span);
            }
            Ok(())
        })?;
        Ok(Self { names, spans, end: scanner.offset().saturating_sub(1), empty })
    }

    /// Where a member's value stands.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.spans.get(at)?.clone()
    }

    /// Gives a member a value, in its place or at the object's end.
    pub(crate) fn put(&mut self, name: &'static str, value: Vec<u8>, edits: &mut Edits) {
        if let Some(span) = self.span(name) {
            edits.push((span, value));
            return;
        }
        let comma = if self.empty { "" } else { "," };
        self.empty = false;
        let mut member = format!("{comma}\"{name}\":").into_bytes();
        member.extend_from_slice(&value);
        edits.push((self.end..self.end, member));
    }
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> Vec<u8> {
    let mut json = Vec::with_capacity(text.len().saturating_add(2));
    write_string(&mut json, text);
    json
}

/// Whether two names are the same in camelCase and in snake_case: providers that have JSON from
/// protocol buffers take either.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    let letters = |name| str::bytes(name).filter(|it| *it != b'_');
    letters(one)
        .map(|it| it.to_ascii_lowercase())
        .eq(letters(other).map(|it| it.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_lose_their_escapes() {
        for json in [r#""""#, r#""\"\\\/\n""#, r#""\u0041\u00e9\u20ac\ud83e\udd80 \\u0041""#] {
            let text: String = serde_json::from_str(json).unwrap();
            assert_eq!(unescaped(json.as_bytes().get(1..json.len() - 1).unwrap()), text);
        }
    }

    #[test]
    fn members_are_replaced_where_they_stand_and_added_at_the_end() {
        for (text, expected) in [
            (r#"{ "a" : 1 , "x":[2] }"#, r#"{ "a" : 7 , "x":[2] ,"b":8}"#),
            (r#"{"b":{},"a":null}"#, r#"{"b":8,"a":7}"#),
            ("{}", r#"{"a":7,"b":8}"#),
        ] {
            let mut places = Places::find(text.as_bytes(), 0, ["a", "b"]).unwrap();
            let mut edits = Vec::new();
            places.put("a", b"7".to_vec(), &mut edits);
            places.put("b", b"8".to_vec(), &mut edits);
            let mut out = Vec::new();
            patch(text.as_bytes(), &mut edits, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn names_are_compared_in_either_spelling() {
        assert!(same_name("maxOutputTokens", "max_output_tokens"));
        assert!(!same_name("topK", "top_p"));
    }
}

//! How long a text is that was written as JSON, found out without reading it.

/// How many bytes of UTF-8 a string has once its escapes are read; `inner` is what stands between
/// its quotes.
pub fn text_length(inner: &[u8]) -> usize {
    let mut length = inner.len();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', inner.get(at..).unwrap_or_default()) {
        at += found;
        let (written, means) = escape(inner.get(at + 1..).unwrap_or_default());
        length = length.saturating_sub(written.saturating_sub(means));
        at += written;
    }
    length
}

/// The bytes of an escape and of the character it stands for; `rest` follows the backslash. Half a
/// surrogate pair counts for half a character of four bytes.
fn escape(rest: &[u8]) -> (usize, usize) {
    let [b'u', digits @ ..] = rest else { return (2, 1) };
    let digits = digits.get(..4).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or_default();
    match u32::from_str_radix(digits, 16).unwrap_or_default() {
        0..0x80 => (6, 1),
        0x80..0x800 | 0xd800..0xe000 => (6, 2),
        _ => (6, 3),
    }
}

/// How many bytes a JSON text has without the white space between its tokens.
pub fn compact_length(json: &[u8]) -> usize {
    let (mut in_string, mut escaped, mut length) = (false, false, 0_usize);
    for byte in json {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_string = *byte == b'"';
        }
        length += 1;
    }
    length
}

/// How many bytes of text a value is to a model: a string its text, anything else its JSON. The
/// same arguments count the same as an object and as a string that holds the object.
pub(crate) fn prompt_length(json: &[u8]) -> u64 {
    let length = match json {
        [b'"', inner @ .., b'"'] => text_length(inner),
        json => compact_length(json),
    };
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_text() {
        for json in [
            r#""""#,
            r#""plain""#,
            r#""\"\\\/\n""#,
            r#""\u0041\u00e9\u20ac\ud83e\udd80 \\u0041""#,
            r#""ü🦀\t""#,
        ] {
            let text: String = serde_json::from_str(json).unwrap();
            let inner = json.as_bytes().get(1..json.len() - 1).unwrap();
            assert_eq!(text_length(inner), text.len(), "{json}");
        }
        for bad in [&b"\\"[..], b"\\u", b"\\u12", b"\\ud800"] {
            assert!(text_length(bad) <= bad.len());
        }
        assert_eq!(
            compact_length(b" { \"a b\\\" \" : [ 1 , {} ] } "),
            b"{\"a b\\\" \":[1,{}]}".len()
        );
    }

    #[test]
    fn arguments_are_as_long_as_an_object_and_as_text() {
        assert_eq!(prompt_length(br#"{ "a": [1, "x"] }"#), 13);
        assert_eq!(prompt_length(br#""{\"a\":[1,\"x\"]}""#), 13);
        assert_eq!(prompt_length(b"null"), 4);
    }
}

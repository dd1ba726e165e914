//! JSON as everybody writes it: without escapes of characters that need none.
//!
//! `"\u0066ile"` and `"image\/png"` are what `"file"` and `"image/png"` are to a provider. PHP writes
//! the second by itself; the first is written by who does not want to be understood here.

use std::borrow::Cow;

use memchr::memchr_iter;

/// Whether a text has an escape that [`written`] would take away.
pub(super) fn is_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Every other backslash behind a backslash is a character itself, and is skipped over.
    let mut behind = 0;
    memchr_iter(b'\\', bytes).any(|at| {
        if at < behind {
            return false;
        }
        behind = at.saturating_add(2);
        bytes.get(at..).and_then(unescaped).is_some()
    })
}

/// The text with plain characters in place of their escapes.
pub(super) fn written(text: &str) -> Cow<'_, str> {
    if !is_escaped(text) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        plain.push_str(before);
        let (character, length) = unescaped(behind.as_bytes()).unzip();
        plain.extend(character);
        // An escape that stays is two bytes at least: the second may be a backslash.
        let length = length.unwrap_or(2);
        let (escape, later) = behind.split_at_checked(length).unwrap_or((behind, ""));
        if character.is_none() {
            plain.push_str(escape);
        }
        rest = later;
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The plain character that an escape at the start of a text stands for, and how long the escape is;
/// none for what is no escape, or one that JSON needs.
fn unescaped(text: &[u8]) -> Option<(char, usize)> {
    match text {
        [b'\\', b'/', ..] => Some(('/', 2)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let code = digit(*high)?.saturating_mul(16).saturating_add(digit(*low)?);
            let character = char::from_u32(code)?;
            let is_plain = matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
            is_plain.then_some((character, 6))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_characters_are_written_plainly() {
        for (text, plain) in [
            (r#"{"file_url":"a"}"#, r#"{"file_url":"a"}"#),
            (r#"{"file\u005furl":"\u0068ttps:\/\/x"}"#, r#"{"file_url":"https://x"}"#),
            (r#""image\/png""#, r#""image/png""#),
            // What JSON needs stays, and so does what is escaped itself.
            (r#""\u0022\u005c\u000a\u00e9\n\"""#, r#""\u0022\u005c\u000a\u00e9\n\"""#),
            (r#""\\u005f \\\/ é\u0041""#, r#""\\u005f \\/ éA""#),
            (r#""\u00""#, r#""\u00""#),
        ] {
            assert_eq!(written(text), plain);
            assert_eq!(is_escaped(text), text != plain, "{text}");
        }
    }
}

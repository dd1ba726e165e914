//! Halves of characters, as servers and clients write them that count in UTF-16.
//!
//! A character outside the basic plane is escaped as two surrogates. Whoever cuts a text between
//! them writes one alone: that is JSON by its grammar (RFC 8259, section 8.2), but no text, and
//! readers refuse it. A stream often has the other half in its next event.

use std::borrow::Cow;

/// An escape: `\u` and four digits.
const ESCAPE: usize = 6;

/// What stands for half a character: U+FFFD.
const REPLACEMENT: &[u8; ESCAPE] = b"\\ufffd";

/// Puts U+FFFD in the place of every surrogate that stands alone. The length stays the same.
pub fn mend_surrogates(text: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(text);
    for (at, _) in Halves::of(text) {
        if let Some(place) = mended.to_mut().get_mut(at..at + ESCAPE) {
            place.copy_from_slice(REPLACEMENT);
        }
    }
    mended
}

/// Joins what a stream cut: each event's data goes through it, in order.
///
/// Half a character at the end of a string is held back, and put before the other half where that
/// begins a string of a later event. Without one it is left out: there was no character. Any other
/// half becomes U+FFFD.
#[derive(Debug, Clone, Default)]
pub struct SurrogateJoiner {
    half: Option<[u8; ESCAPE]>,
}

impl SurrogateJoiner {
    /// Mends the JSON text of one event.
    pub fn join<'a>(&mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut halves = Halves::of(text).peekable();
        if halves.peek().is_none() {
            return Cow::Borrowed(text);
        }
        let before = self.half.take();
        let mut mended = Vec::with_capacity(text.len() + ESCAPE);
        let mut from = 0;
        for (at, is_first) in halves {
            let end = at + ESCAPE;
            mended.extend_from_slice(text.get(from..at).unwrap_or_default());
            let escape = text.get(at..end).unwrap_or_default();
            match before {
                _ if is_first && text.get(end) == Some(&b'"') => self.half = escape.try_into().ok(),
                Some(half) if !is_first && begins_string(text, at) => {
                    mended.extend_from_slice(&half);
                    mended.extend_from_slice(escape);
                }
                _ => mended.extend_from_slice(REPLACEMENT),
            }
            from = end;
        }
        mended.extend_from_slice(text.get(from..).unwrap_or_default());
        Cow::Owned(mended)
    }
}

/// Whether the quote before `at` opens a string, rather than being part of one.
fn begins_string(text: &[u8], at: usize) -> bool {
    let byte = |back: usize| at.checked_sub(back).and_then(|at| text.get(at));
    byte(1) == Some(&b'"') && byte(2) != Some(&b'\\')
}

/// Where surrogates stand alone, and whether each is the first half of a pair.
struct Halves<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Halves<'a> {
    const fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The unit that an escape at `at` stands for.
    fn unit(&self, at: usize) -> Option<u16> {
        let [b'\\', b'u', digits @ ..] = self.text.get(at..at + ESCAPE)? else { return None };
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// Whether the backslash at `at` is itself escaped.
    fn is_escaped(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
    }
}

impl Iterator for Halves<'_> {
    type Item = (usize, bool);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..)?;
            let at = self.at + memchr::memmem::find(rest, b"\\u")?;
            self.at = at + 2;
            if self.is_escaped(at) {
                continue;
            }
            match self.unit(at) {
                Some(0xd800..0xdc00) => {
                    self.at = at + ESCAPE;
                    if !matches!(self.unit(self.at), Some(0xdc00..0xe000)) {
                        return Some((at, true));
                    }
                    self.at += ESCAPE;
                }
                Some(0xdc00..0xe000) => return Some((at, false)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(events: &[&str]) -> Vec<String> {
        let mut joiner = SurrogateJoiner::default();
        let text = |it: &&str| String::from_utf8(joiner.join(it.as_bytes()).into_owned()).unwrap();
        events.iter().map(text).collect()
    }

    #[test]
    fn halves_alone_become_replacement_characters() {
        for (text, expected) in [
            (r#""plain \u00e9 \ud83d\ude00""#, r#""plain \u00e9 \ud83d\ude00""#),
            (r#"{"a":"x\ud83d","b":["\uDE00y"]}"#, r#"{"a":"x\ufffd","b":["\ufffdy"]}"#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\\ud83d \\\ud83d""#, r#""\\ud83d \\\ufffd""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\ud8"#, r#""\ud8"#),
        ] {
            let mended = mend_surrogates(text.as_bytes());
            assert_eq!(mended, expected.as_bytes());
            assert_eq!(matches!(mended, Cow::Borrowed(_)), text == expected);
        }
    }

    #[test]
    fn halves_of_two_events_become_one_character() {
        for (events, expected) in [
            (
                &[r#"{"t":"a\ud83d"}"#, r#"{"t":"\ude00b"}"#][..],
                &[r#"{"t":"a"}"#, r#"{"t":"\ud83d\ude00b"}"#][..],
            ),
            // The same text twice, and an event without text between.
            (
                &[
                    r#"{"r":"\ud83d","d":[{"t":"\ud83d"}]}"#,
                    "{}",
                    r#"{"r":"\ude00","d":[{"t": "\ude00"}]}"#,
                ],
                &[
                    r#"{"r":"","d":[{"t":""}]}"#,
                    "{}",
                    r#"{"r":"\ud83d\ude00","d":[{"t": "\ud83d\ude00"}]}"#,
                ],
            ),
            // Two in a row.
            (
                &[r#""\ud83d""#, r#""\ude00\ud83d""#, r#""\ude01""#],
                &[r#""""#, r#""\ud83d\ude00""#, r#""\ud83d\ude01""#],
            ),
            // Nothing to join.
            (&[r#""a\ud83d b""#, r#""\ude00""#], &[r#""a\ufffd b""#, r#""\ufffd""#]),
            (&[r#""\ud83d""#, r#""x\"\ude00""#], &[r#""""#, r#""x\"\ufffd""#]),
        ] {
            assert_eq!(joined(events), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_was_cut_can_be_read(
            escapes in proptest::collection::vec(
                prop_oneof![
                    Just(r"\ud83d".to_owned()), Just(r"\ude00".to_owned()), Just(r"\\".to_owned()),
                    Just("u".to_owned()), Just(r"\u0041".to_owned()), Just(r#"\""#.to_owned()),
                ],
                0..12,
            ),
        ) {
            let text = format!("\"{}\"", escapes.concat());
            prop_assert!(serde_json::from_slice::<String>(&mend_surrogates(text.as_bytes())).is_ok());
            let mut joiner = SurrogateJoiner::default();
            for _ in 0..3 {
                prop_assert!(serde_json::from_slice::<String>(&joiner.join(text.as_bytes())).is_ok());
            }
        }
    }
}

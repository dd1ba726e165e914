//! Text as Postgres can hold it.
//!
//! Postgres refuses the character NUL in text, and callers may send it. It is kept as a pair that
//! begins with a noncharacter of Unicode, which is itself kept as a pair: every text has one form
//! of its own, and all that people write is kept as it is.

use std::borrow::Cow;

/// Begins a pair. Unicode reserves it for uses inside a program.
const MARK: char = '\u{fdd0}';

/// The form in which a text is kept.
pub(crate) fn kept(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len().saturating_add(8));
    for character in text.chars() {
        match character {
            '\0' => kept.extend([MARK, '0']),
            MARK => kept.extend([MARK, '1']),
            other => kept.push(other),
        }
    }
    Cow::Owned(kept)
}

/// The text that is kept in this form; `None` when there is none.
pub(crate) fn restored(kept: &str) -> Option<Cow<'_, str>> {
    if !kept.contains(MARK) {
        return Some(Cow::Borrowed(kept));
    }
    let mut text = String::with_capacity(kept.len());
    let mut characters = kept.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            MARK => match characters.next()? {
                '0' => '\0',
                '1' => MARK,
                _ => return None,
            },
            other => other,
        });
    }
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_back_and_none_holds_nul() {
        for text in
            ["", "Grüße 🦀", "\0", "a\0b\0", "\u{fdd0}0", "\u{fdd0}\0\u{fdd0}1", "0\u{fdd0}"]
        {
            let kept = kept(text);
            assert!(!kept.contains('\0'), "{kept:?}");
            assert_eq!(restored(&kept).as_deref(), Some(text));
        }
        assert_eq!(kept("Grüße"), Cow::Borrowed("Grüße"));
    }

    #[test]
    fn what_no_text_is_kept_as_is_not_read() {
        for kept in ["\u{fdd0}", "a\u{fdd0}2"] {
            assert_eq!(restored(kept), None, "{kept:?}");
        }
    }
}

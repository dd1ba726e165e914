//! A stand-in for a tokenizer: cheap, deterministic, the same for every protocol.
//!
//! Text is read as pieces, a piece being one word with the white space before it (long words are
//! split). A piece is worth about one token per four bytes, and never less than one. Answers are
//! streamed in the same pieces, so counts and chunks agree.

/// Tokens that an image is worth, whatever its size.
pub(crate) const IMAGE_TOKENS: u64 = 85;

const PIECE_BYTES_MAX: usize = 32;

/// The first piece of `text`; empty only when `text` is.
pub(crate) fn first_piece(text: &str) -> &str {
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        let too_long = at > 0 && at + letter.len_utf8() > PIECE_BYTES_MAX;
        if too_long || (in_word && letter.is_whitespace()) {
            return text.get(..at).unwrap_or(text);
        }
        in_word |= !letter.is_whitespace();
    }
    text
}

/// Splits `text` into pieces, which put together give `text` again.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let piece = first_piece(rest);
        rest = rest.get(piece.len()..).unwrap_or("");
        (!piece.is_empty()).then_some(piece)
    })
}

/// Tokens in one piece.
pub(crate) fn count_piece(piece: &str) -> u64 {
    let bytes = u64::try_from(piece.trim_start().len()).unwrap_or(u64::MAX);
    (bytes.saturating_add(2) / 4).max(1)
}

/// Tokens in `text`.
pub(crate) fn count(text: &str) -> u64 {
    pieces(text).map(count_piece).sum()
}

/// Cuts `text` to at most `tokens_max` tokens; says whether something was lost.
pub(crate) fn truncate(text: &str, tokens_max: u64) -> (&str, bool) {
    let mut left = tokens_max;
    let mut end = 0;
    for piece in pieces(text) {
        let tokens = count_piece(piece);
        if tokens > left {
            let kept = head_of(piece, left);
            return (text.get(..end + kept.len()).unwrap_or(""), true);
        }
        left -= tokens;
        end += piece.len();
    }
    (text, false)
}

/// The longest start of `piece` worth at most `tokens`.
fn head_of(piece: &str, tokens: u64) -> &str {
    if tokens == 0 {
        return "";
    }
    let space = piece.len() - piece.trim_start().len();
    let bytes = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(4);
    let end = space.saturating_add(bytes).min(piece.len());
    let end = (0..=end).rev().find(|end| piece.is_char_boundary(*end)).unwrap_or(0);
    piece.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::{count, pieces, truncate};

    #[test]
    fn pieces_put_together_give_the_text_and_their_counts_add_up() {
        let long = "x".repeat(100);
        for text in [
            "",
            "one",
            " one  two\n\nthree ",
            "日本語のとても長い文章です、単語の区切りなし",
            &long,
        ] {
            assert_eq!(pieces(text).collect::<String>(), text);
            assert_eq!(count(text), pieces(text).map(count).sum::<u64>());
        }
        assert_eq!(count("one two three"), 3);
        assert_eq!(count(&long), 25);
    }

    #[test]
    fn truncation_keeps_to_the_limit_and_says_when_it_cut() {
        let cases = [
            ("one two three", 2, "one two", true),
            ("one two three", 3, "one two three", false),
            ("one extraordinarily", 2, "one extr", true),
            ("one", 0, "", true),
            ("", 0, "", false),
        ];
        for (text, max, kept, cut) in cases {
            assert_eq!(truncate(text, max), (kept, cut), "{text:?} at {max}");
            assert!(count(kept) <= max);
        }
    }
}

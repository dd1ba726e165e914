//! What the built-in Helvetica can write, and how wide it is.
//!
//! Text is in Windows' code page 1252 (`WinAnsiEncoding`); what that has no place for is a question
//! mark. The widths are Adobe's, in thousandths of the size.

/// Of the characters from the space to the tilde.
const ASCII: [i32; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// Of the letters from À to ÿ.
const LETTERS: [i32; 64] = [
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278, 722, 722, 778,
    778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611, 556, 556, 556, 556, 556, 556,
    889, 500, 556, 556, 556, 556, 278, 278, 278, 278, 556, 556, 556, 556, 556, 556, 556, 584, 611,
    556, 556, 556, 556, 500, 556, 500,
];
/// The widest of those that are not above.
const OTHERS: i32 = 1_000;
const ELLIPSIS: u8 = 0x85;

/// A text as bytes of the code page; control characters are spaces.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(byte).collect()
}

fn byte(character: char) -> u8 {
    match character {
        ' '..='~' | '\u{a0}'..='ÿ' => u8::try_from(u32::from(character)).unwrap_or(b'?'),
        '€' => 0x80,
        '‚' => 0x82,
        '„' => 0x84,
        '…' => ELLIPSIS,
        'Š' => 0x8a,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        '™' => 0x99,
        'š' => 0x9a,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        it if it.is_control() => b' ',
        _ => b'?',
    }
}

fn width_of(byte: u8) -> i32 {
    let of = |table: &[i32], first: u8| {
        byte.checked_sub(first).and_then(|place| table.get(usize::from(place)).copied())
    };
    of(&LETTERS, 0xc0).or_else(|| of(&ASCII, b' ')).unwrap_or(OTHERS)
}

/// How wide a text is at a size, in the size's unit.
pub(super) fn width(text: &[u8], size: i32) -> i32 {
    let thousandths = text.iter().fold(0_i32, |sum, byte| sum.saturating_add(width_of(*byte)));
    thousandths.saturating_mul(size).checked_div(1_000).unwrap_or(0)
}

/// As much of a text as fits, with an ellipsis where something is missing.
pub(super) fn fitting(mut text: Vec<u8>, size: i32, space: i32) -> Vec<u8> {
    if width(&text, size) <= space {
        return text;
    }
    while text.pop().is_some() {
        text.push(ELLIPSIS);
        if width(&text, size) <= space {
            return text;
        }
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_measured_and_cut() {
        assert_eq!(encoded("Grüße – 5 € 漢\n"), b"Gr\xfc\xdfe \x96 5 \x80 ? ");
        // 0.556 em each, and the point 0.278.
        assert_eq!(width(b"12.50", 1_000), 4 * 556 + 278);
        assert_eq!(width(&encoded("Å"), 1_000), 667);
        assert_eq!(fitting(b"short".to_vec(), 90, 1_000), b"short");
        let cut = fitting(vec![b'x'; 5_000], 90, 1_000);
        assert_eq!(cut.last(), Some(&ELLIPSIS));
        assert!(width(&cut, 90) <= 1_000 && width(&cut, 90) > 900);
        assert_eq!(fitting(b"x".to_vec(), 90, 1), b"");
    }
}

//! Answers that are numbers: the last one counts.

/// The last number of a text. A comma or a space of a thousand is passed over.
pub(super) fn last(text: &str) -> Option<f64> {
    let mut found = None;
    let mut place = 0;
    while let Some(at) = text.get(place..)?.find(|it: char| it.is_ascii_digit()) {
        let (before, from) = text.split_at_checked(place + at)?;
        let (digits, _) = from.split_at_checked(length(from))?;
        place += at + digits.len();
        let is_led_by = |signs: &[char]| {
            before.ends_with(signs)
                && !before.trim_end_matches(signs).ends_with(char::is_alphanumeric)
        };
        let plain = digits.replace([',', '\u{a0}', '\u{202f}', '_'], "");
        let number = if is_led_by(&['.']) { format!("0.{plain}") } else { plain };
        if let Ok(number) = number.parse::<f64>() {
            found = Some(if is_led_by(&['-', '\u{2212}']) { -number } else { number });
        }
    }
    found
}

/// How long the number at the beginning of a text is: digits, groups of three behind a separator,
/// a fraction, an exponent.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes.get(from..).unwrap_or_default().iter().take_while(|it| it.is_ascii_digit()).count()
    };
    let mut at = digits(0);
    if at <= 3 {
        while let Some(width) = separator(text, at) {
            if digits(at + width) != 3 {
                break;
            }
            at += width + 3;
        }
    }
    if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if digits(at + 1 + sign) > 0 {
            at += 1 + sign + digits(at + 1 + sign);
        }
    }
    at
}

/// How many bytes the separator of a thousand at a place has, if there is one.
fn separator(text: &str, at: usize) -> Option<usize> {
    let next = text.get(at..)?.chars().next()?;
    matches!(next, ',' | '\u{a0}' | '\u{202f}' | '_').then(|| next.len_utf8())
}

/// Whether two numbers are the same but for rounding.
pub(super) fn agree(one: f64, other: f64) -> bool {
    one.total_cmp(&other).is_eq() || (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_counts() {
        for (text, number) in [
            ("The answer is 42.", Some(42.0)),
            ("3 + 4 = 7", Some(7.0)),
            ("It costs $1,234.50 in total", Some(1234.5)),
            ("1 234 567", Some(567.0)),
            ("1\u{a0}234\u{a0}567", Some(1_234_567.0)),
            ("\\boxed{-17}", Some(-17.0)),
            ("x = \u{2212}3", Some(-3.0)),
            ("between 3-4", Some(4.0)),
            ("about .5", Some(0.5)),
            ("6.02e23", Some(6.02e23)),
            ("1,2", Some(2.0)),
            ("none", None),
            ("", None),
        ] {
            assert_eq!(last(text), number, "{text}");
        }
        assert!(agree(0.1 + 0.2, 0.3));
        assert!(agree(0.0, -0.0));
        assert!(!agree(1.0, 1.000_001));
        assert!(agree(f64::INFINITY, f64::INFINITY));
    }
}

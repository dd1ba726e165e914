//! Amounts for people: in cents.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

use tollgate_types::Usd;

const NANOS_PER_CENT: i64 = 10_000_000;
const HALF: u64 = 5_000_000;

/// An amount in dollars and cents, half a cent to the even one, with commas: `-1,234.56`.
pub(crate) fn rounded(amount: Usd) -> String {
    let nanos = amount.nanos().unsigned_abs();
    let unit = NANOS_PER_CENT.unsigned_abs();
    let whole = nanos.checked_div(unit).unwrap_or(0);
    let rest = nanos.checked_rem(unit).unwrap_or(0);
    let is_up = rest > HALF || (rest == HALF && !whole.is_multiple_of(2));
    let cents = whole.saturating_add(u64::from(is_up));
    let dollars = cents.checked_div(100).unwrap_or(0);
    let rest = cents.checked_rem(100).unwrap_or(0);
    let sign = if amount < Usd::ZERO && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{rest:02}", grouped(dollars))
}

/// Whether an amount is whole cents.
pub(crate) fn is_whole(amount: Usd) -> bool {
    amount.nanos().checked_rem(NANOS_PER_CENT) == Some(0)
}

/// A number with commas.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_cent() {
        for (amount, expected) in [
            ("0", "0.00"),
            ("0.005", "0.00"),
            ("0.015", "0.02"),
            ("0.025", "0.02"),
            ("0.025000001", "0.03"),
            ("0.024999999", "0.02"),
            ("-0.015", "-0.02"),
            ("-0.005", "0.00"),
            ("-0.004", "0.00"),
            ("999.995", "1,000.00"),
            ("1234567.891", "1,234,567.89"),
            ("100", "100.00"),
        ] {
            assert_eq!(rounded(amount.parse().unwrap()), expected, "{amount}");
        }
        assert_eq!(rounded(Usd::from_nanos(i64::MIN)), "-9,223,372,036.85");
    }

    #[test]
    fn whole_cents_are_told_from_others() {
        for (amount, expected) in [("1.23", true), ("1.230000001", false), ("-0.5", true)] {
            assert_eq!(is_whole(amount.parse().unwrap()), expected, "{amount}");
        }
    }
}

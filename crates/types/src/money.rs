//! Amounts and prices. Integers only: one rounding, at the end of a bill, up.

use std::fmt;
use std::str::FromStr;

/// An amount of US dollars in whole nano-dollars (10⁻⁹ USD).
///
/// No `Add`, no `Mul`, no `f64`: arithmetic is checked and named, so that overflow and rounding
/// are visible wherever money moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

/// The price of one unit in whole pico-dollars (10⁻¹² USD).
///
/// Nano is too coarse for a price: catalogs quote $0.000000234375 per token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPrice(u64);

/// A count of whatever a price is for: tokens, images, requests.
pub type Units = u64;

/// Why a decimal string is not an amount or a price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a plain decimal number such as `0.15`.
    #[error("`{0}` is not a decimal number such as 0.15")]
    NotDecimal(String),
    /// More digits after the point than the smallest unit can hold.
    #[error("`{text}` has more than {places} decimal places")]
    TooFine {
        /// What was given.
        text: String,
        /// Decimal places that can be held exactly.
        places: u32,
    },
    /// Outside the range of the type.
    #[error("`{0}` is out of range")]
    OutOfRange(String),
}

const NANO_PLACES: u32 = 9;
const PICO_PLACES: u32 = 12;
/// A price per million units with six decimals is a whole number of pico-dollars per unit.
const PER_MILLION_PLACES: u32 = 6;
/// A price per thousand units with nine decimals is a whole number of pico-dollars per unit.
const PER_THOUSAND_PLACES: u32 = 9;
const PICOS_PER_NANO: u128 = 1_000;

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `nanos` nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The sum, or `None` when it can't be represented.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` when it can't be represented.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum, held at the largest amount rather than overflowing. For counters that are shown,
    /// never for a balance.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The shortest exact decimal, without a sign for dollars: `0.0000012`, `-1.5`, `0`.
    pub fn to_decimal(self) -> String {
        let text = decimal(self.0.unsigned_abs().into(), NANO_PLACES);
        if self.0 < 0 { format!("-{text}") } else { text }
    }
}

impl FromStr for Usd {
    type Err = MoneyError;

    /// Parses a decimal number of dollars with at most nine decimal places.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let nanos = i64::try_from(scaled(digits, NANO_PLACES)?)
            .map_err(|_| MoneyError::OutOfRange(text.to_owned()))?;
        // An i64 parsed from an unsigned number can always be negated.
        Ok(Self(if negative { nanos.saturating_neg() } else { nanos }))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        write!(f, "{sign}${}", decimal(nanos.into(), NANO_PLACES))
    }
}

impl UnitPrice {
    /// Free of charge. Distinct from having no price.
    pub const ZERO: Self = Self(0);

    /// A price of `picos` pico-dollars per unit.
    pub const fn from_picos(picos: u64) -> Self {
        Self(picos)
    }

    /// The price in pico-dollars per unit.
    pub const fn picos(self) -> u64 {
        self.0
    }

    /// Parses dollars per single unit, e.g. `0.00000015`, as the public API quotes them.
    pub fn per_unit(text: &str) -> Result<Self, MoneyError> {
        scaled(text, PICO_PLACES).map(Self)
    }

    /// Parses dollars per million units, e.g. `0.15`, as people quote them.
    pub fn per_million(text: &str) -> Result<Self, MoneyError> {
        scaled(text, PER_MILLION_PLACES).map(Self)
    }

    /// Parses dollars per thousand units, e.g. `0.0001` a second where the unit is a millisecond.
    pub fn per_thousand(text: &str) -> Result<Self, MoneyError> {
        scaled(text, PER_THOUSAND_PLACES).map(Self)
    }

    /// Dollars per single unit as the shortest exact decimal, e.g. `0.00000015`.
    pub fn to_per_unit(self) -> String {
        decimal(self.0.into(), PICO_PLACES)
    }

    /// Dollars per million units as the shortest exact decimal, e.g. `0.15`.
    pub fn to_per_million(self) -> String {
        decimal(self.0.into(), PER_MILLION_PLACES)
    }

    /// Dollars per thousand units as the shortest exact decimal, e.g. `0.0001`.
    pub fn to_per_thousand(self) -> String {
        decimal(self.0.into(), PER_THOUSAND_PLACES)
    }
}

/// Prices a whole bill and rounds once, up, at the end.
///
/// Rounding every line would overcharge a request with many small lines. Returns `None` when the
/// bill does not fit in [`Usd`].
pub fn total(lines: impl IntoIterator<Item = (UnitPrice, Units)>) -> Option<Usd> {
    let mut picos: u128 = 0;
    for (price, units) in lines {
        // 64 by 64 bits always fits in 128; only the sum can overflow.
        let line = u128::from(price.0).checked_mul(u128::from(units))?;
        picos = picos.checked_add(line)?;
    }
    i64::try_from(picos.div_ceil(PICOS_PER_NANO)).ok().map(Usd)
}

/// Reads a plain decimal as an integer count of 10^-places.
fn scaled(text: &str, places: u32) -> Result<u64, MoneyError> {
    let not_decimal = || MoneyError::NotDecimal(text.to_owned());
    let out_of_range = || MoneyError::OutOfRange(text.to_owned());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(not_decimal());
    }
    let fraction = fraction.trim_end_matches('0');
    let given = u32::try_from(fraction.len()).map_err(|_| out_of_range())?;
    let missing = places
        .checked_sub(given)
        .ok_or_else(|| MoneyError::TooFine { text: text.to_owned(), places })?;
    let mut value: u64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u64::from(digit.wrapping_sub(b'0'))))
            .ok_or_else(out_of_range)?;
    }
    10u64.checked_pow(missing).and_then(|scale| value.checked_mul(scale)).ok_or_else(out_of_range)
}

/// Writes an integer count of 10^-places as the shortest exact decimal.
fn decimal(value: u128, places: u32) -> String {
    // By hand: every answer has some.
    let places = usize::try_from(places).unwrap_or(0);
    let digits = u64::try_from(value).map_or_else(|_| value.to_string(), |it| it.to_string());
    let (whole, fraction) =
        digits.split_at_checked(digits.len().saturating_sub(places)).unwrap_or_default();
    let zeros = places.saturating_sub(fraction.len());
    let fraction = fraction.trim_end_matches('0');
    let mut text = String::with_capacity(whole.len().saturating_add(places).saturating_add(2));
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        text.push('.');
        text.extend(std::iter::repeat_n('0', zeros));
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_read_and_print_exactly() {
        for (text, nanos) in [
            ("0", 0),
            ("1", 1_000_000_000),
            ("0.0000012", 1_200),
            ("-1.5", -1_500_000_000),
            ("0.1", 100_000_000),
            ("10", 10_000_000_000),
            ("0.000000001", 1),
            ("9223372036.854775807", i64::MAX),
        ] {
            let amount: Usd = text.parse().unwrap();
            assert_eq!(amount.nanos(), nanos);
            assert_eq!(amount.to_decimal(), text);
        }
        assert_eq!(Usd::from_nanos(-1_500_000_000).to_string(), "-$1.5");
    }

    #[test]
    fn prices_read_per_unit_and_per_million() {
        assert_eq!(UnitPrice::per_million("0.15").unwrap().picos(), 150_000);
        assert_eq!(UnitPrice::per_unit("0.000000234375").unwrap().picos(), 234_375);
        assert_eq!(UnitPrice::from_picos(150_000).to_per_unit(), "0.00000015");
        assert_eq!(UnitPrice::from_picos(150_000).to_per_million(), "0.15");
        // $0.006 a minute is $0.0001 a second.
        assert_eq!(UnitPrice::per_thousand("0.0001").unwrap().picos(), 100_000);
        assert_eq!(UnitPrice::from_picos(100_000).to_per_thousand(), "0.0001");
        assert!(matches!(
            UnitPrice::per_thousand("0.0000111111"),
            Err(MoneyError::TooFine { places: 9, .. })
        ));
    }

    #[test]
    fn what_is_not_an_exact_decimal_is_refused() {
        for text in ["", ".", "1e-6", "-0.1", "0,1", "abc", " 1", "+1", "1.2.3", "NaN"] {
            assert!(
                matches!(UnitPrice::per_million(text), Err(MoneyError::NotDecimal(_))),
                "{text}"
            );
        }
        assert!(matches!(UnitPrice::per_million("0.0000001"), Err(MoneyError::TooFine { .. })));
        assert!(matches!("99999999999".parse::<Usd>(), Err(MoneyError::OutOfRange(_))));
    }

    #[test]
    fn a_bill_is_rounded_once_and_up() {
        let half_nano = UnitPrice::from_picos(500);
        assert_eq!(total([(half_nano, 1), (half_nano, 1)]), Some(Usd::from_nanos(1)));
        assert_eq!(total([(half_nano, 3)]), Some(Usd::from_nanos(2)));
        assert_eq!(total([(UnitPrice::from_picos(u64::MAX), u64::MAX)]), None);
    }

    proptest! {
        #[test]
        fn splitting_a_bill_never_lowers_it(
            lines in prop::collection::vec((0u64..1_000_000_000, 0u64..1_000_000), 0..12),
            at in any::<prop::sample::Index>(),
        ) {
            let lines: Vec<_> =
                lines.into_iter().map(|(p, u)| (UnitPrice::from_picos(p), u)).collect();
            let (left, right) = lines.split_at(at.index(lines.len() + 1));
            let parts = total(left.iter().copied()).unwrap().checked_add(total(right.iter().copied()).unwrap()).unwrap();
            let whole = total(lines.iter().copied()).unwrap();
            prop_assert!(whole <= parts);
            prop_assert!(parts.nanos() - whole.nanos() <= 1);
        }

        #[test]
        fn any_amount_survives_print_and_parse(nanos in any::<i64>().prop_filter("abs", |n| *n != i64::MIN)) {
            let amount = Usd::from_nanos(nanos);
            prop_assert_eq!(amount.to_decimal().parse::<Usd>().unwrap(), amount);
        }
    }
}

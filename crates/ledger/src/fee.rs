//! What the operator takes on top of a payment.

use std::fmt;

use tollgate_types::Usd;

/// A part of the payment, and the least that is taken (contract §6.2: 5.5 %, at least $0.80, by
/// hosted OpenRouter; nothing unless switched on here).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlatformFee {
    /// Millionths of the credit that is bought: 55,000 are 5.5 %.
    pub millionths: u32,
    /// The least that is taken, where anything is.
    pub minimum: Usd,
}

/// Why a text is no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a percentage from 0 to 100 with at most four decimal places")]
pub struct FeeError(String);

const WHOLE: i128 = 1_000_000;

impl PlatformFee {
    /// What hosted OpenRouter takes: 5.5 %, at least $0.80 (contract §6.2).
    pub const HOSTED: Self = Self { millionths: 55_000, minimum: Usd::from_nanos(800_000_000) };
    /// The same where stablecoins pay: 5 %.
    pub const HOSTED_CRYPTO: Self = Self { millionths: 50_000, minimum: Usd::ZERO };

    /// Reads a percentage such as `5.5`.
    ///
    /// # Errors
    ///
    /// When it is none from 0 to 100, or finer than a millionth.
    pub fn percent(text: &str) -> Result<u32, FeeError> {
        let wrong = || FeeError(text.to_owned());
        // A percent is a hundredth: as dollars it has nine places, as millionths it has four.
        let nanos = text.parse::<Usd>().map_err(|_| wrong())?.nanos();
        let is_whole = nanos.checked_rem(100_000) == Some(0);
        let millionths = nanos.checked_div(100_000).filter(|it| is_whole && *it <= 1_000_000);
        millionths.and_then(|it| u32::try_from(it).ok()).ok_or_else(wrong)
    }

    /// The fee on a purchase of so much credit, rounded up to a whole nano-dollar.
    pub fn on(&self, credit: Usd) -> Usd {
        if *self == Self::default() || credit <= Usd::ZERO {
            return Usd::ZERO;
        }
        let part = i128::from(credit.nanos()).saturating_mul(self.millionths.into());
        let rounded = part.saturating_add(WHOLE.saturating_sub(1)).checked_div(WHOLE);
        let fee = rounded.and_then(|it| i64::try_from(it).ok()).map_or(Usd::ZERO, Usd::from_nanos);
        fee.max(self.minimum)
    }
}

impl fmt::Display for PlatformFee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at least {}", percents(self.millionths), self.minimum)
    }
}

/// Millionths as a person reads them, such as `5.5 %`.
pub(crate) fn percents(millionths: u32) -> String {
    let (percent, rest) = (millionths / 10_000, millionths % 10_000);
    let places = format!("{rest:04}");
    let places = places.trim_end_matches('0');
    let point = if places.is_empty() { "" } else { "." };
    format!("{percent}{point}{places} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_told() {
        for (fee, told) in [
            (PlatformFee::HOSTED, "5.5 %, at least $0.8"),
            (PlatformFee::HOSTED_CRYPTO, "5 %, at least $0"),
            (PlatformFee { millionths: 1_001, minimum: Usd::ZERO }, "0.1001 %, at least $0"),
        ] {
            assert_eq!(fee.to_string(), told);
        }
    }

    #[test]
    fn percentages_are_exact() {
        for (text, millionths) in [("5.5", 55_000), ("0", 0), ("100", 1_000_000), ("0.0001", 1)] {
            assert_eq!(PlatformFee::percent(text), Ok(millionths), "{text}");
        }
        for text in ["", "-1", "100.1", "0.00001", "five", "5.5%"] {
            assert!(PlatformFee::percent(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fees_by_hand() {
        let dollars = |text: &str| text.parse::<Usd>().unwrap();
        let card = PlatformFee { millionths: 55_000, minimum: dollars("0.80") };
        let crypto = PlatformFee { millionths: 50_000, minimum: Usd::ZERO };
        for (fee, credit, expected) in [
            (card, "10", "0.80"),
            (card, "14.545454545", "0.80"),
            (card, "20", "1.1"),
            (card, "0.000000001", "0.80"),
            (crypto, "10", "0.5"),
            (crypto, "0.000000001", "0.000000001"),
            (crypto, "0", "0"),
            (PlatformFee::default(), "1000", "0"),
        ] {
            assert_eq!(fee.on(dollars(credit)), dollars(expected), "{credit}");
        }
        assert!(card.on(Usd::from_nanos(i64::MAX)) > Usd::ZERO);
    }
}

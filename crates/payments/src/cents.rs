//! Amounts as payment providers count them.

use tollgate_types::Usd;

/// Whole US cents, up to some 42 million dollars: more than a provider takes at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cents(u32);

/// An amount that is no whole number of cents, less than nothing, or too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an amount in whole cents")]
pub struct NotCents(pub Usd);

const NANOS: i64 = 10_000_000;

impl Cents {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many cents.
    pub const fn new(cents: u32) -> Self {
        Self(cents)
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The same amount, exactly.
    pub fn to_usd(self) -> Usd {
        // The product of a `u32` and ten million fits.
        Usd::from_nanos(i64::from(self.0).saturating_mul(NANOS))
    }

    /// The same amount, exactly.
    ///
    /// # Errors
    ///
    /// When there is no such number of cents.
    pub fn exactly(amount: Usd) -> Result<Self, NotCents> {
        Self::at_least(amount)
            .filter(|cents| cents.to_usd() == amount && amount >= Usd::ZERO)
            .ok_or(NotCents(amount))
    }

    /// The smallest number of cents that is not less; `None` when it is too much.
    pub fn at_least(amount: Usd) -> Option<Self> {
        let nanos = amount.nanos().max(0);
        let rounded = nanos.checked_add(NANOS.saturating_sub(1))?.checked_div(NANOS)?;
        u32::try_from(rounded).ok().map(Self)
    }

    /// The sum, or `None` when it is too much.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or nothing when `other` is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_by_hand() {
        let usd = |text: &str| text.parse::<Usd>().unwrap();
        for (text, cents) in [("0", 0), ("0.01", 1), ("10.80", 1_080), ("42949672.95", u32::MAX)] {
            assert_eq!(Cents::exactly(usd(text)), Ok(Cents::new(cents)), "{text}");
        }
        for text in ["-0.01", "0.001", "0.000000001", "42949672.96"] {
            assert_eq!(Cents::exactly(usd(text)), Err(NotCents(usd(text))), "{text}");
        }
        for (text, cents) in [("0.000000001", 1), ("0.01", 1), ("0.010000001", 2), ("-1", 0)] {
            assert_eq!(Cents::at_least(usd(text)), Some(Cents::new(cents)), "{text}");
        }
        assert_eq!(Cents::at_least(Usd::from_nanos(i64::MAX)), None);
    }

    proptest! {
        #[test]
        fn cents_and_dollars_are_the_same(cents in any::<u32>()) {
            let cents = Cents::new(cents);
            prop_assert_eq!(Cents::exactly(cents.to_usd()), Ok(cents));
        }

        #[test]
        fn what_is_rounded_is_rounded_up_by_less_than_a_cent(nanos in 0..40_000_000_000_000_000_i64) {
            let rounded = Cents::at_least(Usd::from_nanos(nanos)).unwrap().to_usd().nanos();
            prop_assert!(rounded >= nanos && rounded - nanos < NANOS);
        }
    }
}

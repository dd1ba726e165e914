//! What the operator takes of calls that are met with keys of the caller's own.
//!
//! As with plans, a call is charged the difference that it makes to the whole month. So the calls of
//! a month cost exactly what the month does, whatever their number, size and order, and rounding
//! adds less than a nano-dollar to a month.

use std::fmt;

use tollgate_types::Usd;

use crate::fee::percents;

/// A part of the list price of what is called beyond an amount in a calendar month of UTC (contract
/// §6.2: 5 % beyond $25,000, by hosted OpenRouter; nothing unless switched on here).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByokFee {
    /// Millionths of the list price: 50,000 are 5 %.
    pub millionths: u32,
    /// What may be called in a month before anything is taken, at list price.
    pub free: Usd,
}

const WHOLE: u128 = 1_000_000;

impl ByokFee {
    /// What hosted OpenRouter takes: 5 % beyond $25,000 (contract §6.2).
    pub const HOSTED: Self = Self { millionths: 50_000, free: Usd::from_nanos(25_000_000_000_000) };

    /// Whether nothing is ever taken.
    pub const fn is_none(&self) -> bool {
        self.millionths == 0
    }

    /// The fee of a month in which calls came to `listed` at list price, rounded up once.
    pub fn month(&self, listed: Usd) -> Usd {
        self.part(beyond(listed, self.free))
    }

    /// The fee on a call of this list price, in a month in which calls came to `before` so far.
    pub fn on(&self, listed: Usd, before: Usd) -> Usd {
        let after = before.saturating_add(listed.max(Usd::ZERO));
        self.month(after).checked_sub(self.month(before)).unwrap_or(Usd::ZERO)
    }

    /// The most that the fee on a call can come to whose list price is `listed` at most: never less
    /// than [`Self::on`], however what was called before is cut into calls.
    pub fn most(&self, listed: Usd, before: Usd) -> Usd {
        let after = before.saturating_add(listed.max(Usd::ZERO));
        self.part(beyond(after, self.free).min(listed.max(Usd::ZERO)))
    }

    fn part(&self, amount: Usd) -> Usd {
        let nanos = u128::try_from(amount.nanos()).unwrap_or(0);
        let part = nanos.saturating_mul(self.millionths.into()).div_ceil(WHOLE);
        Usd::from_nanos(i64::try_from(part).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for ByokFee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the list price beyond {} a month", percents(self.millionths), self.free)
    }
}

/// What of an amount is beyond another that is not below zero.
fn beyond(amount: Usd, free: Usd) -> Usd {
    amount.checked_sub(free.max(Usd::ZERO)).unwrap_or(Usd::ZERO).max(Usd::ZERO)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn fees_are_told() {
        assert_eq!(ByokFee::HOSTED.to_string(), "5 % of the list price beyond $25000 a month");
    }

    #[test]
    fn fees_by_hand() {
        let usual = ByokFee::HOSTED;
        let at_once = ByokFee { millionths: 333_333, free: Usd::ZERO };
        for (fee, listed, before, on, most) in [
            (usual, "10", "0", "0", "0"),
            (usual, "10", "24990", "0", "0"),
            (usual, "10", "24990.000000001", "0.000000001", "0.000000001"),
            (usual, "10", "24995", "0.25", "0.25"),
            (usual, "10", "25000", "0.5", "0.5"),
            (usual, "10", "90000", "0.5", "0.5"),
            (usual, "25001", "0", "0.05", "0.05"),
            (usual, "0", "30000", "0", "0"),
            (usual, "-1", "30000", "0", "0"),
            // The first nano-dollar is rounded up for all twenty of its twentieth part.
            (usual, "0.000000001", "25000", "0.000000001", "0.000000001"),
            (usual, "0.000000001", "25000.000000001", "0", "0.000000001"),
            (at_once, "0.000000003", "0", "0.000000001", "0.000000001"),
            (ByokFee::default(), "1000000", "1000000", "0", "0"),
            (ByokFee { millionths: 0, free: usd("5") }, "10", "0", "0", "0"),
        ] {
            let (listed, before) = (usd(listed), usd(before));
            let found = (fee.on(listed, before), fee.most(listed, before));
            assert_eq!(found, (usd(on), usd(most)), "{fee}: {listed} after {before}");
        }
    }

    #[test]
    fn what_is_absurd_is_no_less_than_nothing() {
        let most = Usd::from_nanos(i64::MAX);
        let all = ByokFee { millionths: 1_000_000, free: Usd::ZERO };
        assert_eq!((all.on(most, Usd::ZERO), all.on(most, most)), (most, Usd::ZERO));
        assert_eq!((all.most(most, Usd::ZERO), all.most(most, most)), (most, most));
    }

    fn fee() -> impl Strategy<Value = ByokFee> {
        let free = prop_oneof![Just(0_i64), 0..2_000_000_i64];
        (0..=1_000_000_u32, free)
            .prop_map(|(millionths, free)| ByokFee { millionths, free: Usd::from_nanos(free) })
    }

    proptest! {
        #[test]
        fn the_fees_of_calls_are_the_fee_of_the_whole(
            fee in fee(),
            calls in prop::collection::vec(0..300_000_i64, 0..40),
        ) {
            let (mut before, mut sum) = (Usd::ZERO, Usd::ZERO);
            for call in calls {
                let listed = Usd::from_nanos(call);
                let charged = fee.on(listed, before);
                prop_assert!(charged >= Usd::ZERO && charged <= fee.most(listed, before));
                let after = before.saturating_add(listed);
                if after <= fee.free {
                    prop_assert_eq!(fee.most(listed, before), Usd::ZERO);
                }
                before = after;
                sum = sum.saturating_add(charged);
            }
            prop_assert_eq!(sum, fee.month(before));
            let part = i128::from((before.nanos() - fee.free.nanos()).max(0));
            let exact = part * i128::from(fee.millionths);
            let over = i128::from(sum.nanos()) * 1_000_000 - exact;
            prop_assert!((0..1_000_000).contains(&over), "rounded up by less than a nano-dollar");
        }

        #[test]
        fn more_calls_never_hold_less(
            fee in fee(),
            listed in 0..300_000_i64,
            less in 0..300_000_i64,
            before in 0..3_000_000_i64,
        ) {
            let (most, before) = (Usd::from_nanos(listed), Usd::from_nanos(before));
            let really = Usd::from_nanos(less.min(listed));
            prop_assert!(fee.on(really, before) <= fee.most(most, before));
        }
    }
}

//! What many movements come to. Sums of a kind may be far more than any balance ever was: credit is
//! set aside and comes back again and again.

use std::fmt;

use tollgate_types::Usd;

use crate::{AccountId, Balance, Kind, LedgerError, Movement, Place};

/// A sum of amounts, which may be more than one amount can be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Total(i128);

/// Several movements of one kind and account together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementSum {
    /// Whose.
    pub account: AccountId,
    /// What happened.
    pub kind: Kind,
    /// The other account of transfers.
    pub counter: Option<AccountId>,
    /// What was moved.
    pub total: Total,
}

/// An account as its movements add up, in whatever order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// What came in from the world and from other accounts, less what went out again.
    pub credited: Total,
    /// What calls cost that need no credit.
    pub metered: Total,
    /// Can be spent.
    pub available: Total,
    /// Set aside by nodes.
    pub held: Total,
    /// Gone, metered calls included.
    pub spent: Total,
}

impl Total {
    /// A sum of nano-dollars.
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// In nano-dollars.
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// The sum, held at the ends of a range that no ledger comes near.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// As an amount, held at the ends of its range.
    pub fn held(self) -> Usd {
        let end = if self.0 < 0 { i64::MIN } else { i64::MAX };
        Usd::from_nanos(i64::try_from(self.0).unwrap_or(end))
    }

    const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// As an amount, when it is one.
    fn amount(self) -> Result<Usd, LedgerError> {
        i64::try_from(self.0).map(Usd::from_nanos).map_err(|_| LedgerError::OutOfRange)
    }
}

impl From<Usd> for Total {
    fn from(amount: Usd) -> Self {
        Self(amount.nanos().into())
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(amount) = self.amount() {
            return amount.fmt(f);
        }
        let (sign, nanos) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (dollars, rest) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
        write!(f, "{sign}${dollars}.{rest:09}")
    }
}

const NANOS: u128 = 1_000_000_000;

impl From<&Movement> for MovementSum {
    fn from(movement: &Movement) -> Self {
        Self {
            account: movement.account.clone(),
            kind: movement.kind,
            counter: movement.counter.clone(),
            total: movement.amount.into(),
        }
    }
}

impl From<Balance> for Counted {
    fn from(balance: Balance) -> Self {
        let Balance { credited, metered, available, held, spent } = balance;
        Self {
            credited: credited.into(),
            metered: metered.into(),
            available: available.into(),
            held: held.into(),
            spent: spent.into(),
        }
    }
}

impl Counted {
    /// Adds movements, as far as they are of `account`.
    pub fn count(&mut self, sum: &MovementSum, account: &AccountId) {
        let (from, to) = sum.kind.route();
        let is_giver = sum.account == *account;
        if sum.kind == Kind::Transfer {
            if is_giver {
                self.take(from, sum.total);
                self.credited = self.credited.minus(sum.total);
            }
            if sum.counter.as_ref() == Some(account) {
                self.available = self.available.plus(sum.total);
                self.credited = self.credited.plus(sum.total);
            }
        } else if is_giver && !sum.kind.is_beside() {
            self.take(from, sum.total);
            self.put(to, sum.total);
        }
    }

    /// As a balance.
    ///
    /// # Errors
    ///
    /// When an amount can't be as much.
    pub fn balance(&self) -> Result<Balance, LedgerError> {
        Ok(Balance {
            credited: self.credited.amount()?,
            metered: self.metered.amount()?,
            available: self.available.amount()?,
            held: self.held.amount()?,
            spent: self.spent.amount()?,
        })
    }

    fn take(&mut self, place: Place, total: Total) {
        match self.at(place) {
            Some(at) => *at = at.minus(total),
            // It comes in from the world.
            None if place == Place::Metered => self.metered = self.metered.plus(total),
            None => self.credited = self.credited.plus(total),
        }
    }

    fn put(&mut self, place: Place, total: Total) {
        match self.at(place) {
            Some(at) => *at = at.plus(total),
            None => self.credited = self.credited.minus(total),
        }
    }

    const fn at(&mut self, place: Place) -> Option<&mut Total> {
        match place {
            Place::Available => Some(&mut self.available),
            Place::Held => Some(&mut self.held),
            Place::Spent => Some(&mut self.spent),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_go_beyond_amounts_and_are_shown_alike() {
        let largest = Total::from(Usd::from_nanos(i64::MAX));
        for (total, shown) in [
            (Total::default(), "$0"),
            (Total::from_nanos(1_500_000_000), "$1.5"),
            (largest, "$9223372036.854775807"),
            (largest.plus(largest), "$18446744073.709551614"),
            (Total::from_nanos(i128::from(i64::MIN) * 2), "-$18446744073.709551616"),
        ] {
            assert_eq!(total.to_string(), shown);
        }
        assert_eq!(largest.amount(), Ok(Usd::from_nanos(i64::MAX)));
        assert_eq!(largest.plus(Total::from_nanos(1)).amount(), Err(LedgerError::OutOfRange));
    }
}

//! What movements make of an account.

use tollgate_types::Usd;

use crate::{AccountId, Counted, Kind, Movement, MovementSum, Place};

/// An account at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// What came in from the world and from other accounts, less what went out again.
    pub credited: Usd,
    /// What calls cost that need no credit.
    pub metered: Usd,
    /// Can be spent; less than zero when calls cost more than was left.
    pub available: Usd,
    /// Set aside by nodes.
    pub held: Usd,
    /// Gone, metered calls included.
    pub spent: Usd,
}

/// Why a movement can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// There is less than it takes.
    #[error("`{account}` has {available} left, which is less than {amount}")]
    Insufficient {
        /// Whose.
        account: AccountId,
        /// What is there.
        available: Usd,
        /// What was to be taken.
        amount: Usd,
    },
    /// A sum would be more than an amount can hold.
    #[error("the account's credit is out of range")]
    OutOfRange,
    /// It moves nothing, or less; or has parts that its kind has no use for.
    #[error("a movement needs an amount above zero, and a transfer another account")]
    Malformed,
}

impl Balance {
    /// The balance of `account` after a movement; the same when it is of other accounts.
    ///
    /// # Errors
    ///
    /// When the movement is malformed, takes more than there is, or does not fit.
    pub fn after(&self, movement: &Movement, account: &AccountId) -> Result<Self, LedgerError> {
        check(movement)?;
        let (from, amount) = (movement.kind.route().0, movement.amount);
        let takes = movement.account == *account && !movement.kind.is_beside();
        if takes
            && !movement.kind.may_overdraw()
            && let Some(available) = self.at(from)
            && available < amount
        {
            let account = movement.account.clone();
            return Err(LedgerError::Insufficient { account, available, amount });
        }
        let mut counted = Counted::from(*self);
        counted.count(&MovementSum::from(movement), account);
        counted.balance()
    }

    /// Whether everything that came in is somewhere.
    pub fn proves(&self) -> bool {
        let total = |parts: &[Usd]| -> i128 { parts.iter().map(|it| i128::from(it.nanos())).sum() };
        total(&[self.credited, self.metered]) == total(&[self.available, self.held, self.spent])
    }

    /// What calls and commitments took of the account's credit.
    pub fn charged(&self) -> Usd {
        self.spent.checked_sub(self.metered).unwrap_or(Usd::ZERO)
    }

    const fn at(&self, place: Place) -> Option<Usd> {
        match place {
            Place::Available => Some(self.available),
            Place::Held => Some(self.held),
            Place::Spent => Some(self.spent),
            _ => None,
        }
    }
}

fn check(movement: &Movement) -> Result<(), LedgerError> {
    let is_transfer = movement.kind == Kind::Transfer;
    let has_counter = movement.counter.as_ref().is_some_and(|it| *it != movement.account);
    let expires = movement.expires_at.is_some();
    if movement.amount <= Usd::ZERO
        || is_transfer != has_counter
        || (expires && movement.kind != Kind::Promotional)
    {
        return Err(LedgerError::Malformed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tollgate_types::Timestamp;

    use super::*;

    fn movement(kind: Kind, nanos: i64) -> Movement {
        let at = Timestamp::from_unix_millis(0);
        let mut movement =
            Movement::new("m", AccountId::default(), kind, Usd::from_nanos(nanos), at);
        if kind == Kind::Transfer {
            movement.counter = Some(AccountId::new("other").unwrap());
        }
        movement
    }

    #[test]
    fn a_life_of_an_account() {
        let account = AccountId::default();
        let mut balance = Balance::default();
        let life = [
            (Kind::Purchase, 100, (100, 0, 0)),
            (Kind::Fee, 6, (100, 0, 0)),
            (Kind::Promotional, 10, (110, 0, 0)),
            (Kind::Hold, 40, (70, 40, 0)),
            (Kind::Charge, 15, (70, 25, 15)),
            (Kind::Release, 25, (95, 0, 15)),
            (Kind::Metered, 7, (95, 0, 22)),
            (Kind::Repayment, 5, (100, 0, 17)),
            (Kind::Expiry, 10, (90, 0, 17)),
            (Kind::Transfer, 20, (70, 0, 17)),
            (Kind::Refund, 60, (10, 0, 17)),
            (Kind::Overrun, 15, (-5, 0, 32)),
            (Kind::Adjustment, 6, (1, 0, 32)),
            (Kind::Deduction, 2, (-1, 0, 32)),
            (Kind::Reversal, 10, (-11, 0, 32)),
            (Kind::FeeReversal, 6, (-11, 0, 32)),
            (Kind::Commitment, 4, (-15, 0, 36)),
        ];
        for (kind, nanos, (available, held, spent)) in life {
            balance = balance.after(&movement(kind, nanos), &account).unwrap();
            let places = [balance.available, balance.held, balance.spent].map(Usd::nanos);
            assert_eq!(places, [available, held, spent], "{kind:?}");
            assert!(balance.proves(), "{kind:?}");
        }
        assert_eq!(balance.charged(), Usd::from_nanos(29));
    }

    #[test]
    fn nobody_takes_what_is_not_there() {
        let (account, empty) = (AccountId::default(), Balance::default());
        for kind in [Kind::Hold, Kind::Release, Kind::Charge, Kind::Refund, Kind::Transfer] {
            let refused = empty.after(&movement(kind, 1), &account);
            assert!(matches!(refused, Err(LedgerError::Insufficient { .. })), "{kind:?}");
        }
        for malformed in [movement(Kind::Purchase, 0), movement(Kind::Purchase, -1)] {
            assert_eq!(empty.after(&malformed, &account), Err(LedgerError::Malformed));
        }
        let mut alone = movement(Kind::Transfer, 1);
        alone.counter = Some(account.clone());
        assert_eq!(empty.after(&alone, &account), Err(LedgerError::Malformed));
        let full = empty.after(&movement(Kind::Purchase, i64::MAX), &account).unwrap();
        let over = full.after(&movement(Kind::Adjustment, 1), &account);
        assert_eq!(over, Err(LedgerError::OutOfRange));
    }

    #[test]
    fn a_transfer_is_seen_by_both() {
        let other = AccountId::new("other").unwrap();
        let moved = movement(Kind::Transfer, 5);
        let received = Balance::default().after(&moved, &other).unwrap();
        assert_eq!(
            (received.available, received.credited),
            (Usd::from_nanos(5), Usd::from_nanos(5))
        );
        assert!(received.proves());
    }

    proptest! {
        /// Whatever happens, and in whatever order: everything is somewhere, and nobody overdraws
        /// but by what has happened already.
        #[test]
        fn the_law_holds_after_every_step(
            history in proptest::collection::vec((0..Kind::ALL.len(), 1..1_000_i64), 0..200),
        ) {
            let account = AccountId::default();
            let mut balance = Balance::default();
            for (kind, nanos) in history {
                let kind = Kind::ALL[kind];
                let before = balance;
                if let Ok(after) = balance.after(&movement(kind, nanos), &account) {
                    balance = after;
                }
                prop_assert!(balance.proves());
                prop_assert!(balance.held >= Usd::ZERO && balance.spent >= Usd::ZERO);
                prop_assert!(
                    balance.available >= Usd::ZERO
                        || kind.may_overdraw()
                        || balance.available >= before.available
                );
            }
        }
    }
}

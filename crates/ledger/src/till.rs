//! Paying calls: from what was set aside, then from what is there, then on credit.

use tollgate_types::{Timestamp, Usd};

use crate::{AccountId, Balance, Kind, LedgerError, Lot, Movement, consume};

/// What a backend reads of an account before it writes charges, and writes back behind them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Till {
    /// Whose.
    pub account: AccountId,
    /// The account's balance.
    pub balance: Balance,
    /// What the node that made the calls has set aside.
    pub leased: Usd,
    /// What is left of credit that expires.
    pub lots: Vec<Lot>,
}

/// What a call cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCost<'a> {
    /// The generation's id.
    pub id: &'a str,
    /// How much; nothing moves when it is not above zero.
    pub amount: Usd,
    /// When the call was admitted.
    pub at: Timestamp,
    /// Whether the account's credit pays; else the call is only metered.
    pub takes_credit: bool,
}

impl Till {
    /// The movements that pay a call: at most two, of which the first has the generation's id.
    ///
    /// # Errors
    ///
    /// When the sums don't fit; then nothing has changed.
    pub fn pay(&mut self, call: &CallCost<'_>) -> Result<Vec<Movement>, LedgerError> {
        if call.amount <= Usd::ZERO {
            return Ok(Vec::new());
        }
        let movement =
            |id: &str, kind, amount| Movement::new(id, self.account.clone(), kind, amount, call.at);
        let mut movements = Vec::with_capacity(2);
        if call.takes_credit {
            let held = call.amount.min(self.leased).min(self.balance.held).max(Usd::ZERO);
            let over = call.amount.checked_sub(held).unwrap_or(Usd::ZERO);
            if held > Usd::ZERO {
                movements.push(movement(call.id, Kind::Charge, held));
            }
            if over > Usd::ZERO {
                let id = if held > Usd::ZERO {
                    format!("{}/overrun", call.id)
                } else {
                    call.id.to_owned()
                };
                let mut overrun = movement(&id, Kind::Overrun, over);
                overrun.reference = (held > Usd::ZERO).then(|| call.id.to_owned());
                movements.push(overrun);
            }
        } else {
            movements.push(movement(call.id, Kind::Metered, call.amount));
        }
        let mut balance = self.balance;
        let mut leased = self.leased;
        for movement in &movements {
            balance = balance.after(movement, &self.account)?;
            if movement.kind == Kind::Charge {
                leased = leased.checked_sub(movement.amount).ok_or(LedgerError::OutOfRange)?;
            }
        }
        self.balance = balance;
        self.leased = leased;
        if call.takes_credit {
            consume(&mut self.lots, call.amount);
        }
        Ok(movements)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn till(available: i64, held: i64, leased: i64) -> Till {
        let usd = Usd::from_nanos;
        let balance = Balance {
            credited: usd(available + held),
            available: usd(available),
            held: usd(held),
            ..Balance::default()
        };
        Till { balance, leased: usd(leased), ..Till::default() }
    }

    fn call(nanos: i64, takes_credit: bool) -> CallCost<'static> {
        let amount = Usd::from_nanos(nanos);
        CallCost { id: "gen-1", amount, at: Timestamp::from_unix_millis(7), takes_credit }
    }

    fn told(movements: &[Movement]) -> Vec<(&str, Kind, i64, Option<&str>)> {
        let told = |it: &'_ Movement| (it.kind, it.amount.nanos());
        movements
            .iter()
            .map(|it| (it.id.as_str(), told(it).0, told(it).1, it.reference.as_deref()))
            .collect()
    }

    #[test]
    fn calls_are_paid_from_the_slice_then_from_what_is_there() {
        let mut full = till(100, 50, 50);
        let paid = full.pay(&call(20, true)).unwrap();
        assert_eq!(told(&paid), [("gen-1", Kind::Charge, 20, None)]);
        assert_eq!((full.leased.nanos(), full.balance.spent.nanos()), (30, 20));
        let paid = full.pay(&call(40, true)).unwrap();
        let expected = [
            ("gen-1", Kind::Charge, 30, None),
            ("gen-1/overrun", Kind::Overrun, 10, Some("gen-1")),
        ];
        assert_eq!(told(&paid), expected);
        assert_eq!((full.leased.nanos(), full.balance.available.nanos()), (0, 90));
        let paid = full.pay(&call(91, true)).unwrap();
        assert_eq!(told(&paid), [("gen-1", Kind::Overrun, 91, None)]);
        assert_eq!(full.balance.available.nanos(), -1);
        assert!(full.balance.proves());
    }

    #[test]
    fn metered_calls_take_no_credit_and_free_ones_move_nothing() {
        let mut till = till(5, 0, 0);
        let paid = till.pay(&call(9, false)).unwrap();
        assert_eq!(told(&paid), [("gen-1", Kind::Metered, 9, None)]);
        assert_eq!(till.balance.available.nanos(), 5);
        let before = till.clone();
        assert_eq!(till.pay(&call(0, true)).unwrap(), []);
        assert_eq!(till, before);
    }

    proptest! {
        #[test]
        fn a_call_is_paid_exactly_once(
            (available, held, leased) in (-100..1_000_i64, 0..1_000_i64, 0..1_000_i64),
            cost in 0..3_000_i64,
            takes_credit: bool,
        ) {
            let mut till = till(available, held, leased);
            let before = till.clone();
            let paid = till.pay(&call(cost, takes_credit)).unwrap();
            prop_assert_eq!(paid.iter().map(|it| it.amount.nanos()).sum::<i64>(), cost);
            prop_assert!(till.balance.proves());
            prop_assert!(till.leased >= Usd::ZERO && till.balance.held >= Usd::ZERO);
            let spent = till.balance.spent.nanos() - before.balance.spent.nanos();
            prop_assert_eq!(spent, cost);
        }
    }
}

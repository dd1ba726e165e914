//! Given credit that expires: what is spent is taken from it first, and of it what ends first.

use tollgate_types::{Timestamp, Usd};

use crate::{AccountId, Kind, Movement};

/// What is left of credit that expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// The id of the movement that gave it.
    pub id: String,
    /// What is left.
    pub remaining: Usd,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Lot {
    /// The movement that ends `amount` of what is left. What nodes have set aside ends when it
    /// comes back, by another one.
    pub fn expiry(&self, account: &AccountId, amount: Usd, at: Timestamp) -> Movement {
        let id = format!("{}/expiry/{}", self.id, at.unix_millis());
        let reference = Some(self.id.clone());
        Movement { reference, ..Movement::new(&id, account.clone(), Kind::Expiry, amount, at) }
    }
}

/// Takes what was spent from the lots, the ones that end first first, and leaves alone what is
/// more than they have: that is paid from credit that does not expire.
pub fn consume(lots: &mut [Lot], spent: Usd) {
    lots.sort_by(|a, b| (a.expires_at, &a.id).cmp(&(b.expires_at, &b.id)));
    let mut left = spent;
    for lot in lots {
        let taken = lot.remaining.min(left).max(Usd::ZERO);
        // Both are at least what is taken.
        lot.remaining = lot.remaining.checked_sub(taken).unwrap_or(Usd::ZERO);
        left = left.checked_sub(taken).unwrap_or(Usd::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(id: &str, remaining: i64, expires_at: i64) -> Lot {
        Lot {
            id: id.to_owned(),
            remaining: Usd::from_nanos(remaining),
            expires_at: Timestamp::from_unix_millis(expires_at),
        }
    }

    #[test]
    fn what_ends_first_is_spent_first() {
        let mut lots = [lot("late", 10, 9), lot("soon", 10, 3), lot("gone", 0, 1)];
        consume(&mut lots, Usd::from_nanos(13));
        assert_eq!(lots, [lot("gone", 0, 1), lot("soon", 0, 3), lot("late", 7, 9)]);
        consume(&mut lots, Usd::from_nanos(100));
        assert_eq!(lots, [lot("gone", 0, 1), lot("soon", 0, 3), lot("late", 0, 9)]);
        consume(&mut lots, Usd::ZERO);
        assert!(lots.iter().all(|lot| lot.remaining == Usd::ZERO));
    }
}

//! What can happen to money.

use tollgate_types::{Timestamp, Usd};

use crate::AccountId;

/// Where money is: three places of an account, and the world around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Of an account: can be spent.
    Available,
    /// Of an account: set aside by nodes for calls under way.
    Held,
    /// Of an account: gone.
    Spent,
    /// The world: what is paid in and out.
    Payments,
    /// The world: what is given away.
    Promotions,
    /// The world: what the operator sets right.
    Adjustments,
    /// The world: what the operator earns on payments.
    Fees,
    /// The world: what the operator pays for calls that need no credit.
    Metered,
}

/// Why money moves. The word says from where to where, see [`Kind::route`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Credit is paid for.
    Purchase,
    /// Credit is given away, for good or until it expires.
    Promotional,
    /// The operator adds what was missing.
    Adjustment,
    /// The operator takes what was too much.
    Deduction,
    /// What a payment costs beside the credit; never part of an account's credit.
    Fee,
    /// A payment is given back.
    Refund,
    /// A payment has gone back: the payment provider has refunded it, or a bank has taken it.
    Reversal,
    /// What was paid as a fee has gone back; never part of an account's credit, as the fee.
    FeeReversal,
    /// What is left of given credit ends.
    Expiry,
    /// From one account to another.
    Transfer,
    /// A node sets a slice aside.
    Hold,
    /// A node gives back what it did not need.
    Release,
    /// A call is paid from what was set aside.
    Charge,
    /// What a call cost beyond what was set aside.
    Overrun,
    /// A call that needs no credit: the operator pays.
    Metered,
    /// A call's cost is given back.
    Repayment,
    /// What a month's calls cost less than its plan commits to.
    Commitment,
}

/// One row of the ledger. It is added and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The caller's idempotency key; unique over all accounts.
    pub id: String,
    /// Whose money.
    pub account: AccountId,
    /// Why it moves.
    pub kind: Kind,
    /// How much; more than zero.
    pub amount: Usd,
    /// The other account of a [`Kind::Transfer`].
    pub counter: Option<AccountId>,
    /// What it is for, such as a generation's or a payment's id.
    pub reference: Option<String>,
    /// For people.
    pub note: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// When what is left of it ends; of [`Kind::Promotional`] only.
    pub expires_at: Option<Timestamp>,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Purchase,
        Self::Promotional,
        Self::Adjustment,
        Self::Deduction,
        Self::Fee,
        Self::Refund,
        Self::Reversal,
        Self::FeeReversal,
        Self::Expiry,
        Self::Transfer,
        Self::Hold,
        Self::Release,
        Self::Charge,
        Self::Overrun,
        Self::Metered,
        Self::Repayment,
        Self::Commitment,
    ];

    /// The word to store and to show.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Promotional => "promotional",
            Self::Adjustment => "adjustment",
            Self::Deduction => "deduction",
            Self::Fee => "fee",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
            Self::FeeReversal => "fee_reversal",
            Self::Expiry => "expiry",
            Self::Transfer => "transfer",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Charge => "charge",
            Self::Overrun => "overrun",
            Self::Metered => "metered",
            Self::Repayment => "repayment",
            Self::Commitment => "commitment",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// From where to where. Of a transfer both are [`Place::Available`], of two accounts.
    pub const fn route(self) -> (Place, Place) {
        match self {
            Self::Purchase => (Place::Payments, Place::Available),
            Self::Promotional => (Place::Promotions, Place::Available),
            Self::Adjustment => (Place::Adjustments, Place::Available),
            Self::Deduction => (Place::Available, Place::Adjustments),
            Self::Fee => (Place::Payments, Place::Fees),
            Self::Refund | Self::Reversal => (Place::Available, Place::Payments),
            Self::FeeReversal => (Place::Fees, Place::Payments),
            Self::Expiry => (Place::Available, Place::Promotions),
            Self::Transfer => (Place::Available, Place::Available),
            Self::Hold => (Place::Available, Place::Held),
            Self::Release => (Place::Held, Place::Available),
            Self::Charge => (Place::Held, Place::Spent),
            Self::Overrun | Self::Commitment => (Place::Available, Place::Spent),
            Self::Metered => (Place::Metered, Place::Spent),
            Self::Repayment => (Place::Spent, Place::Available),
        }
    }

    /// Whether it may take more than there is: only what has happened already, or is
    /// owed, may.
    pub const fn may_overdraw(self) -> bool {
        matches!(self, Self::Overrun | Self::Deduction | Self::Reversal | Self::Commitment)
    }

    /// Whether it is beside the account: what the operator earns on payments.
    pub const fn is_beside(self) -> bool {
        matches!(self, Self::Fee | Self::FeeReversal)
    }

    /// Whether it is what a call costs.
    pub const fn is_call(self) -> bool {
        matches!(self, Self::Charge | Self::Overrun | Self::Metered)
    }

    /// Whether it is added by people or payments, rather than by calls.
    pub const fn is_entered(self) -> bool {
        !matches!(self, Self::Hold | Self::Release | Self::Charge | Self::Overrun | Self::Metered)
    }
}

/// How ids of movements begin that the ledger and calls make themselves.
const OWN_BEGINNINGS: [&str; 5] = ["commitment/", "gen-", "hold-", "reclaim-", "release-"];
/// And what it adds to the id of one movement for another that belongs to it.
const OWN_ENDINGS: [&str; 3] = ["/fee", "/overrun", "/returned"];
/// The same, with the instant or a number behind it.
const OWN_MIDDLES: [&str; 2] = ["/expiry/", "/refund/"];

/// Whether an id is of those that are made for movements which happen by themselves: one that
/// somebody has entered under it would take the place of what happens later.
pub fn is_own_id(id: &str) -> bool {
    let id = id.trim();
    OWN_BEGINNINGS.iter().any(|it| id.starts_with(it))
        || OWN_ENDINGS.iter().any(|it| id.ends_with(it))
        || OWN_MIDDLES.iter().any(|it| id.contains(it))
}

impl Movement {
    /// A movement of nothing but what it must have.
    pub fn new(id: &str, account: AccountId, kind: Kind, amount: Usd, at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            account,
            kind,
            amount,
            counter: None,
            reference: None,
            note: None,
            at,
            expires_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_what_happens_by_itself_are_known() {
        for own in [
            "commitment/2026-10/default",
            " commitment/x",
            "gen-1795304970-li23rW4LUWx6LotvcfMz",
            "hold-1",
            "release-1",
            "reclaim-a/default/7",
            "invoice-7/fee",
            "gen-1/overrun",
            "stripe/du_1/returned",
            "gift/expiry/1795304970000",
            "invoice-7/refund/1",
        ] {
            assert!(is_own_id(own), "{own}");
        }
        for other in ["invoice-7", "i7", "credit-0", "generous", "2026/10", "fee", "expiry/1", ""] {
            assert!(!is_own_id(other), "{other}");
        }
    }

    #[test]
    fn kinds_read_back_and_go_somewhere() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            let (from, to) = kind.route();
            assert!(from != to || kind == Kind::Transfer, "{kind:?}");
        }
        assert_eq!(Kind::parse("gift"), None);
    }
}

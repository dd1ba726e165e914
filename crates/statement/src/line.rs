//! What a movement is called on a statement.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_types::Usd;

/// A line of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// Credit that was bought.
    Purchases,
    /// Credit that was given.
    Promotional,
    /// What the operator set right, either way.
    Adjustments,
    /// From and to other accounts.
    Transfers,
    /// Payments that went back.
    Refunds,
    /// Given credit that ended.
    Expired,
    /// What calls took of the credit.
    Usage,
    /// What calls took and was given back.
    UsageReturned,
    /// What was missing of a plan's commitment.
    Commitment,
    /// What came later than the statements of the months that it belongs to.
    Corrections,
    /// Beside the balance: taken on top of payments.
    Fees,
    /// Beside the balance: fees that went back.
    FeesReturned,
    /// Beside the balance: what calls cost that needed no credit.
    Metered,
    /// The same, of calls that came later than the statements of their months.
    MeteredCorrections,
}

impl Line {
    /// Those that make the balance, in the order of a statement.
    pub const OF_BALANCE: [Self; 10] = [
        Self::Purchases,
        Self::Promotional,
        Self::Adjustments,
        Self::Transfers,
        Self::Refunds,
        Self::Expired,
        Self::Usage,
        Self::UsageReturned,
        Self::Commitment,
        Self::Corrections,
    ];

    /// Those beside it.
    pub const BESIDE: [Self; 4] =
        [Self::Fees, Self::FeesReturned, Self::Metered, Self::MeteredCorrections];

    /// As people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Purchases => "Purchases",
            Self::Promotional => "Promotional credit",
            Self::Adjustments => "Adjustments",
            Self::Transfers => "Transfers",
            Self::Refunds => "Refunds",
            Self::Expired => "Expired credit",
            Self::Usage => "Usage",
            Self::UsageReturned => "Usage given back",
            Self::Commitment => "Plan commitment",
            Self::Corrections => "Corrections of earlier months",
            Self::Fees => "Platform fees",
            Self::FeesReturned => "Platform fees given back",
            Self::Metered => "Metered usage",
            Self::MeteredCorrections => "Metered usage of earlier months",
        }
    }

    /// As programs read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Purchases => "purchases",
            Self::Promotional => "promotional",
            Self::Adjustments => "adjustments",
            Self::Transfers => "transfers",
            Self::Refunds => "refunds",
            Self::Expired => "expired",
            Self::Usage => "usage",
            Self::UsageReturned => "usage_returned",
            Self::Commitment => "commitment",
            Self::Corrections => "corrections",
            Self::Fees => "fees",
            Self::FeesReturned => "fees_returned",
            Self::Metered => "metered",
            Self::MeteredCorrections => "metered_corrections",
        }
    }

    /// Reads [`Line::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::OF_BALANCE.into_iter().chain(Self::BESIDE).find(|it| it.name() == name)
    }
}

/// Where a movement is told, and what it makes of the account's balance or of what is beside it;
/// `None` for one of others, and for slices, which make nothing of it.
pub(crate) fn effect(movement: &Movement, account: &AccountId) -> Option<(Line, Usd)> {
    let amount = movement.amount;
    let out = Usd::ZERO.checked_sub(amount)?;
    if movement.kind == Kind::Transfer && movement.counter.as_ref() == Some(account) {
        return Some((Line::Transfers, amount));
    }
    if movement.account != *account {
        return None;
    }
    Some(match movement.kind {
        Kind::Purchase => (Line::Purchases, amount),
        Kind::Promotional => (Line::Promotional, amount),
        Kind::Adjustment => (Line::Adjustments, amount),
        Kind::Deduction => (Line::Adjustments, out),
        Kind::Fee => (Line::Fees, amount),
        Kind::FeeReversal => (Line::FeesReturned, out),
        Kind::Refund | Kind::Reversal => (Line::Refunds, out),
        Kind::Expiry => (Line::Expired, out),
        Kind::Transfer => (Line::Transfers, out),
        Kind::Charge | Kind::Overrun => (Line::Usage, out),
        Kind::Metered => (Line::Metered, amount),
        Kind::Repayment => (Line::UsageReturned, amount),
        Kind::Commitment => (Line::Commitment, out),
        Kind::Hold | Kind::Release => return None,
    })
}

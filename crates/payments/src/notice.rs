//! What a payment provider tells, and what that moves in the ledger.

use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_types::{Timestamp, Usd};

use crate::{Cents, Instrument, Purpose, Refund};

/// What a provider tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Credit was paid for.
    Paid(Payment),
    /// Refunds of the payment with this id were made, or have failed. What has gone back of it must
    /// be looked up: [`Payment::refund`].
    Refunded(String),
    /// A payer's bank has taken a payment back, or has returned it. Whose payment it is must be
    /// looked up: [`Payment::dispute`].
    Disputed(Dispute),
    /// A payment has failed.
    Failed(Failure),
    /// Nothing to act on; why, for the log.
    Nothing(&'static str),
}

/// A payment that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The provider's name, which begins the ids of movements.
    pub provider: &'static str,
    /// The payment's id at the provider.
    pub id: String,
    /// Whose credit it is.
    pub account: AccountId,
    /// The credit that was bought.
    pub credit: Cents,
    /// What was paid on top.
    pub fee: Cents,
    /// Why it was bought.
    pub purpose: Purpose,
    /// What can be charged again, where the payer agreed to that.
    pub instrument: Option<Instrument>,
    /// When the provider began it. It tells which of two payments is the newer one.
    pub made_at: Timestamp,
}

/// A part of a payment, or all of it, that has gone back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// The provider's name.
    pub provider: &'static str,
    /// The id of what happened, at the provider.
    pub id: String,
    /// The payment's id at the provider.
    pub payment: String,
    /// Whose credit it was.
    pub account: AccountId,
    /// What the payment was: the credit that it had bought, and the fee on top.
    pub paid: Parts,
    /// How much has gone back.
    pub amount: Cents,
    /// Why, for people.
    pub note: &'static str,
    /// Why it came again, if it did.
    pub note_returned: &'static str,
}

/// What a [`Reversal`] is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// Of the credit that was bought.
    pub credit: Cents,
    /// Of the fee.
    pub fee: Cents,
}

/// A dispute that took money, or gave it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The dispute's id at the provider.
    pub id: String,
    /// The payment's id at the provider.
    pub payment: String,
    /// How much was taken.
    pub amount: Cents,
    /// Whether it was given back.
    pub is_returned: bool,
}

/// A payment that did not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The payment's id at the provider, where it has one.
    pub id: Option<String>,
    /// Whose credit it would have been.
    pub account: AccountId,
    /// Why it was to be bought.
    pub purpose: Purpose,
    /// The provider's word for the reason.
    pub reason: String,
}

/// Why a notice is not acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// There is no signature, or none that can be read.
    #[error("the signature is missing or can't be read")]
    Unsigned,
    /// Nobody with the secret has signed it.
    #[error("the signature does not fit")]
    Forged,
    /// It was signed too long ago, or in the future.
    #[error("the signature is {0} seconds old")]
    Stale(i64),
    /// It can't be read.
    #[error("the notice can't be read: {0}")]
    Unreadable(String),
    /// It is about one of our orders, and says something else than was ordered.
    #[error("the notice does not fit its order: {0}")]
    Mismatch(String),
}

impl Payment {
    /// What it moves: credit, and the fee beside it. The ledger takes them once, whichever of the
    /// payment's notices brings them.
    pub fn movements(&self, at: Timestamp) -> Vec<Movement> {
        let id = self.movement_id();
        let parts = [(Kind::Purchase, self.credit), (Kind::Fee, self.fee)];
        movements(&id, parts, |id, kind, amount| Movement {
            reference: Some(self.id.clone()),
            note: (self.purpose == Purpose::AutoTopUp).then(|| "auto-top-up".to_owned()),
            ..Movement::new(id, self.account.clone(), kind, amount, at)
        })
    }
}

impl Payment {
    /// The id of its first movement.
    pub fn movement_id(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// What a refund takes of it.
    pub fn refund(&self, refund: &Refund) -> Reversal {
        let notes = ("refunded", "the refund has failed");
        self.reversal(&refund.id, refund.amount, notes)
    }

    /// What a dispute takes of it.
    pub fn dispute(&self, dispute: &Dispute) -> Reversal {
        self.reversal(&dispute.id, dispute.amount, ("disputed", "dispute won"))
    }

    fn reversal(
        &self,
        id: &str,
        amount: Cents,
        (note, note_returned): (&'static str, &'static str),
    ) -> Reversal {
        Reversal {
            provider: self.provider,
            id: id.to_owned(),
            payment: self.id.clone(),
            account: self.account.clone(),
            paid: Parts { credit: self.credit, fee: self.fee },
            amount,
            note,
            note_returned,
        }
    }
}

impl Reversal {
    /// The id of its movement.
    pub fn movement_id(&self) -> String {
        format!("{}/{}", self.provider, self.id)
    }

    /// How it is split where so much of the payment has gone back before: the credit that is left
    /// first, then the fee that is. What a bank takes beyond both is no part of the payment.
    pub fn parts(&self, before: Parts) -> Parts {
        let credit = self.amount.min(self.paid.credit.less(before.credit));
        let fee = self.amount.less(credit).min(self.paid.fee.less(before.fee));
        Parts { credit, fee }
    }

    /// What it moves: credit out, below zero when it is spent already, and then the fee.
    pub fn movements(&self, parts: Parts, at: Timestamp) -> Vec<Movement> {
        let kinds = [(Kind::Reversal, parts.credit), (Kind::FeeReversal, parts.fee)];
        self.moved(&self.movement_id(), kinds, (self.note, at))
    }

    /// What it moves when the same comes again.
    pub fn returned(&self, parts: Parts, at: Timestamp) -> Vec<Movement> {
        let kinds = [(Kind::Adjustment, parts.credit), (Kind::Fee, parts.fee)];
        self.moved(&format!("{}/returned", self.movement_id()), kinds, (self.note_returned, at))
    }

    fn moved(
        &self,
        id: &str,
        kinds: [(Kind, Cents); 2],
        (note, at): (&str, Timestamp),
    ) -> Vec<Movement> {
        movements(id, kinds, |id, kind, amount| Movement {
            reference: Some(self.payment.clone()),
            note: Some(note.to_owned()),
            ..Movement::new(id, self.account.clone(), kind, amount, at)
        })
    }
}

/// The movements of those parts that are something: the first has the id, the second `/fee`
/// behind it.
fn movements(
    id: &str,
    parts: [(Kind, Cents); 2],
    movement: impl Fn(&str, Kind, Usd) -> Movement,
) -> Vec<Movement> {
    let mut movements: Vec<Movement> = Vec::with_capacity(parts.len());
    for (kind, cents) in parts {
        if cents > Cents::ZERO {
            let id = if movements.is_empty() { id.to_owned() } else { format!("{id}/fee") };
            movements.push(movement(&id, kind, cents.to_usd()));
        }
    }
    movements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(movements: &[Movement]) -> Vec<(&str, Kind, i64)> {
        movements.iter().map(|it| (it.id.as_str(), it.kind, it.amount.nanos())).collect()
    }

    const CENT: i64 = 10_000_000;

    fn payment(fee: u32) -> Payment {
        Payment {
            provider: "stripe",
            id: "pi_1".to_owned(),
            account: AccountId::default(),
            credit: Cents::new(1_000),
            fee: Cents::new(fee),
            purpose: Purpose::Asked,
            instrument: None,
            made_at: Timestamp::default(),
        }
    }

    #[test]
    fn a_payment_is_credit_and_a_fee_beside_it() {
        let at = Timestamp::from_unix_millis(5);
        let paid = payment(80).movements(at);
        let expected = [
            ("stripe/pi_1", Kind::Purchase, 1_000 * CENT),
            ("stripe/pi_1/fee", Kind::Fee, 80 * CENT),
        ];
        assert_eq!(told(&paid), expected);
        assert!(paid.iter().all(|it| it.reference.as_deref() == Some("pi_1") && it.at == at));
        assert_eq!(told(&payment(0).movements(at)).len(), 1);
    }

    fn parts(credit: u32, fee: u32) -> Parts {
        Parts { credit: Cents::new(credit), fee: Cents::new(fee) }
    }

    fn reversal(amount: u32) -> Reversal {
        Reversal {
            provider: "stripe",
            id: "r".to_owned(),
            payment: "pi_1".to_owned(),
            account: AccountId::default(),
            paid: parts(1_000, 80),
            amount: Cents::new(amount),
            note: "refunded",
            note_returned: "the refund has failed",
        }
    }

    #[test]
    fn credit_goes_back_first_then_the_fee() {
        for (before, amount, expected) in [
            ((0, 0), 300, vec![("stripe/r", Kind::Reversal, 300 * CENT)]),
            ((300, 0), 700, vec![("stripe/r", Kind::Reversal, 700 * CENT)]),
            (
                (900, 0),
                180,
                vec![
                    ("stripe/r", Kind::Reversal, 100 * CENT),
                    ("stripe/r/fee", Kind::FeeReversal, 80 * CENT),
                ],
            ),
            ((1_000, 0), 80, vec![("stripe/r", Kind::FeeReversal, 80 * CENT)]),
            ((0, 0), 0, vec![]),
            // Never more than was paid.
            (
                (300, 0),
                1_080,
                vec![
                    ("stripe/r", Kind::Reversal, 700 * CENT),
                    ("stripe/r/fee", Kind::FeeReversal, 80 * CENT),
                ],
            ),
            ((1_000, 50), 80, vec![("stripe/r", Kind::FeeReversal, 30 * CENT)]),
            ((1_000, 80), 80, vec![]),
        ] {
            let reversal = reversal(amount);
            let parts = reversal.parts(parts(before.0, before.1));
            assert_eq!(told(&reversal.movements(parts, Timestamp::default())), expected);
        }
    }

    #[test]
    fn a_dispute_takes_what_is_left_and_may_be_won() {
        let at = Timestamp::default();
        let dispute = Dispute {
            id: "du_1".to_owned(),
            payment: "pi_1".to_owned(),
            amount: Cents::new(780),
            is_returned: false,
        };
        let reversal = payment(80).dispute(&dispute);
        let parts = reversal.parts(parts(300, 0));
        let expected = [
            ("stripe/du_1", Kind::Reversal, 700 * CENT),
            ("stripe/du_1/fee", Kind::FeeReversal, 80 * CENT),
        ];
        assert_eq!(told(&reversal.movements(parts, at)), expected);
        let expected = [
            ("stripe/du_1/returned", Kind::Adjustment, 700 * CENT),
            ("stripe/du_1/returned/fee", Kind::Fee, 80 * CENT),
        ];
        let returned = reversal.returned(parts, at);
        assert_eq!(told(&returned), expected);
        assert!(returned.iter().all(|it| it.note.as_deref() == Some("dispute won")));
    }

    #[test]
    fn a_refund_that_failed_comes_again() {
        let at = Timestamp::default();
        let refund = Refund { id: "re_1".to_owned(), amount: Cents::new(1_080), has_failed: true };
        let reversal = payment(80).refund(&refund);
        let parts = reversal.parts(Parts::default());
        let expected = [
            ("stripe/re_1/returned", Kind::Adjustment, 1_000 * CENT),
            ("stripe/re_1/returned/fee", Kind::Fee, 80 * CENT),
        ];
        let returned = reversal.returned(parts, at);
        assert_eq!(told(&returned), expected);
        assert!(returned.iter().all(|it| it.note.as_deref() == Some("the refund has failed")));
    }
}

//! Payments that go back, in one step or in several: the credit first, then the fee.
//!
//! How a step is split depends on those before it, and several may be told of at once, at several
//! nodes. So each has its place in a document of its payment, which it takes before the ledger has
//! it. Told again, it is split as it was; and of all steps together no more credit is taken than
//! was bought.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_ledger::AccountId;
use tollgate_payments::{Cents, Dispute, Parts, PaymentError, Reply, Reversal};
use tollgate_store::{Document, DocumentBody, MovementQuery, StoreError};

use super::payer::TRIES;
use super::{Cashier, CashierError, Received, told};

/// What has gone back of a payment, by the provider's ids of what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ReversedPayment {
    steps: BTreeMap<String, Step>,
}

/// A refund, or a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    credit_cents: u32,
    fee_cents: u32,
    /// Whether it has come again: a dispute that was won.
    has_come_again: bool,
}

impl DocumentBody for ReversedPayment {
    const KIND: &'static str = "reversed_payment";
}

impl ReversedPayment {
    /// The credit that has gone back, and has not come again.
    fn credit(&self) -> Cents {
        let gone = self.steps.values().filter(|it| !it.has_come_again);
        let sum = gone.fold(0_u32, |sum, it| sum.saturating_add(it.credit_cents));
        Cents::new(sum)
    }
}

impl Step {
    const fn parts(self) -> Parts {
        Parts { credit: Cents::new(self.credit_cents), fee: Cents::new(self.fee_cents) }
    }
}

impl Cashier {
    /// Books a refund of a payment that bought credit. One that was refused, since it was not what
    /// was ordered, bought none; one that nobody has told of yet is booked first.
    pub(super) async fn refunded(&self, reversal: &Reversal) -> Result<Received, CashierError> {
        let purchase = format!("{}/{}", reversal.provider, reversal.payment);
        if !self.is_booked(&purchase, &reversal.account).await? {
            let (status, body) = self.send(self.provider.look_up(&reversal.payment)).await?;
            let reply = Reply { status, body: &body };
            let payment = match self.provider.state(&reply, &self.config.installation) {
                Ok(state) => state.payment,
                Err(PaymentError::Unreadable(why)) => {
                    tracing::warn!(
                        payment = reversal.payment,
                        why,
                        "a refund of what bought nothing"
                    );
                    None
                }
                Err(error) => return Err(told(error)),
            };
            let Some(payment) = payment else { return Ok(Received::Nothing) };
            self.paid(&payment).await?;
        }
        self.take_back(reversal).await
    }

    /// Books what has gone back of a payment.
    pub(super) async fn take_back(&self, reversal: &Reversal) -> Result<Received, CashierError> {
        let parts = self.step(reversal, false).await?;
        self.post(reversal.movements(parts, self.now())).await
    }

    /// Books what a dispute takes, or what it gives back when it is won: that is what it has taken.
    pub(super) async fn disputed(&self, dispute: &Dispute) -> Result<Received, CashierError> {
        let (status, body) = self.send(self.provider.look_up(&dispute.payment)).await?;
        let reply = Reply { status, body: &body };
        let state = self.provider.state(&reply, &self.config.installation).map_err(told)?;
        let Some(payment) = state.payment else { return Ok(Received::Nothing) };
        let reversal = dispute.reversal(&payment);
        if dispute.is_returned {
            // Whoever hears of this first has not heard yet that it was taken.
            self.take_back(&reversal).await?;
            let parts = self.step(&reversal, true).await?;
            return self.post(reversal.returned(parts, self.now())).await;
        }
        // Before it is booked: whatever fails in between, it is new when it is told again. Once it
        // is booked it stops nothing, for somebody may have begun again since.
        if !self.is_booked(&reversal.movement_id(), &payment.account).await? {
            self.stop_for_dispute(&payment.account).await?;
        }
        self.take_back(&reversal).await
    }

    async fn is_booked(&self, id: &str, account: &AccountId) -> Result<bool, StoreError> {
        let query = MovementQuery {
            account: Some(account.clone()),
            about: Some(id.to_owned()),
            limit: 1,
            ..MovementQuery::default()
        };
        Ok(!self.stores.ledger.movements(&query).await?.is_empty())
    }

    /// The place of a step among those of its payment: the next one, unless it has one.
    async fn step(&self, reversal: &Reversal, comes_again: bool) -> Result<Parts, StoreError> {
        let id = format!("{}/{}", reversal.provider, reversal.payment);
        let mut tries = 0;
        loop {
            let now = self.now();
            let known = self.stores.documents.load::<ReversedPayment>(&id).await?;
            let mut document = known.unwrap_or_else(|| Document {
                revision: 0,
                ..Document::new(id.clone(), ReversedPayment::default(), now)
            });
            let parts = reversal.parts(document.body.credit());
            let before = document.body.clone();
            let step = document.body.steps.entry(reversal.id.clone()).or_insert(Step {
                credit_cents: parts.credit.get(),
                fee_cents: parts.fee.get(),
                has_come_again: false,
            });
            step.has_come_again |= comes_again;
            let parts = step.parts();
            if document.body == before {
                return Ok(parts);
            }
            let change = match document.revision {
                0 => document.insertion(),
                _ => document.replacement(now),
            };
            match self.stores.documents.write(vec![change?]).await {
                Err(StoreError::Conflict) if tries < TRIES => tries += 1,
                written => return written.map(|()| parts),
            }
        }
    }
}

//! Payments that go back, in one step or in several: the credit first, then the fee.
//!
//! How a step is split depends on those before it, and several may be told of at once, at several
//! nodes. So each has its place in a document of its payment, which it takes before the ledger has
//! it. Told again, it is split as it was; and of all steps together no more is taken than was paid.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_ledger::AccountId;
use tollgate_payments::{Cents, Dispute, Parts, Payment, PaymentError, Refund, Reply, Reversal};
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
    /// What has gone back, and has not come again.
    fn gone(&self) -> Parts {
        let gone = self.steps.values().filter(|it| !it.has_come_again);
        let sum = |of: fn(&Step) -> u32| {
            Cents::new(gone.clone().fold(0, |sum: u32, it| sum.saturating_add(of(it))))
        };
        Parts { credit: sum(|it| it.credit_cents), fee: sum(|it| it.fee_cents) }
    }
}

impl Step {
    const fn parts(self) -> Parts {
        Parts { credit: Cents::new(self.credit_cents), fee: Cents::new(self.fee_cents) }
    }
}

/// Whether refunds take all the credit that a payment bought.
pub(super) fn gives_all_back(payment: &Payment, refunds: &[Refund]) -> bool {
    let given = refunds.iter().filter(|it| !it.has_failed);
    given.fold(payment.credit, |left, it| left.less(it.amount)) == Cents::ZERO
}

impl Cashier {
    /// Books what the refunds of a payment have come to, those that have failed included. Where the
    /// payment bought nothing, since something else arrived than was ordered, they take nothing;
    /// where nobody has told of it yet it is booked first.
    pub(super) async fn refunded(&self, payment: &str) -> Result<Received, CashierError> {
        let Some(payment) = self.bought(payment).await? else { return Ok(Received::Nothing) };
        if !self.is_booked(&payment.movement_id(), &payment.account).await? {
            self.paid(&payment).await?;
        }
        let mut received = Received::Nothing;
        let refunds = self.refunds(&payment.id).await?;
        self.stop_for_refunds(&payment, &refunds).await?;
        for refund in refunds {
            let reversal = payment.refund(&refund);
            let booked = if refund.has_failed {
                self.give_again(&reversal).await?
            } else {
                self.take_back(&reversal).await?
            };
            received = received.and(booked);
        }
        Ok(received)
    }

    /// Books what a dispute takes, or what it gives back when it is won: that is what it has taken.
    pub(super) async fn disputed(&self, dispute: &Dispute) -> Result<Received, CashierError> {
        let payment = self.bought(&dispute.payment).await?;
        let Some(payment) = payment else { return Ok(Received::Nothing) };
        let reversal = payment.dispute(dispute);
        if dispute.is_returned {
            // Whoever hears of this first has not heard yet that it was taken.
            self.take_back(&reversal).await?;
            return self.give_again(&reversal).await;
        }
        // Before it is booked: whatever fails in between, it is new when it is told again. Once it
        // is booked it stops nothing, for somebody may have begun again since.
        if !self.is_booked(&reversal.movement_id(), &payment.account).await? {
            self.stop_for(&payment.account, "a payment was disputed").await?;
        }
        self.take_back(&reversal).await
    }

    /// Buys nothing more for somebody who is given back all that a payment bought: it would be
    /// bought anew at once. Refunds that have their place already stop nothing again.
    async fn stop_for_refunds(
        &self,
        payment: &Payment,
        refunds: &[Refund],
    ) -> Result<(), StoreError> {
        if !gives_all_back(payment, refunds) {
            return Ok(());
        }
        let id = payment.movement_id();
        let known = self.stores.documents.load::<ReversedPayment>(&id).await?;
        let known = known.map(|it| it.body.steps).unwrap_or_default();
        if refunds.iter().any(|it| !it.has_failed && !known.contains_key(&it.id)) {
            self.stop_for(&payment.account, "a payment was refunded").await?;
        }
        Ok(())
    }

    /// A payment that has bought credit here.
    async fn bought(&self, payment: &str) -> Result<Option<Payment>, CashierError> {
        let (status, body) = self.send(self.provider.look_up(payment)).await?;
        let reply = Reply { status, body: &body };
        let state = match self.provider.state(&reply, &self.config.installation) {
            // It won't be there later, either.
            Err(PaymentError::Refused { status, message }) => {
                tracing::warn!(payment, status, message, "what goes back can't be looked up");
                return Ok(None);
            }
            state => state.map_err(told)?,
        };
        if let Some(why) = state.mismatch {
            tracing::warn!(payment, why, "what goes back has bought nothing");
        }
        Ok(state.payment)
    }

    /// The refunds of a payment, oldest first.
    pub(super) async fn refunds(&self, payment: &str) -> Result<Vec<Refund>, CashierError> {
        let mut refunds = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let ask = self.provider.list_refunds(payment, after.as_deref());
            let (status, body) = self.send(ask).await?;
            let page = self.provider.refunds(&Reply { status, body: &body }).map_err(told)?;
            refunds.extend(page.refunds);
            match page.next {
                // Whoever gives the same page again has no more.
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => break,
            }
        }
        refunds.reverse();
        Ok(refunds)
    }

    /// Books what has gone back of a payment.
    async fn take_back(&self, reversal: &Reversal) -> Result<Received, CashierError> {
        let step = self.step(reversal, false).await?;
        self.post(reversal.movements(step.parts(), self.now())).await
    }

    /// Books what comes again, if it has gone.
    async fn give_again(&self, reversal: &Reversal) -> Result<Received, CashierError> {
        let step = self.step(reversal, true).await?;
        // Whoever took its place may have died before the ledger had it.
        self.post(reversal.movements(step.parts(), self.now())).await?;
        self.post(reversal.returned(step.parts(), self.now())).await
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

    /// The place of a step among those of its payment: the next one, unless it has one. What comes
    /// again without having gone takes none, also when it is told later that it went.
    async fn step(&self, reversal: &Reversal, comes_again: bool) -> Result<Step, StoreError> {
        let id = format!("{}/{}", reversal.provider, reversal.payment);
        let mut tries = 0;
        loop {
            let now = self.now();
            let known = self.stores.documents.load::<ReversedPayment>(&id).await?;
            let mut document = known.unwrap_or_else(|| Document {
                revision: 0,
                ..Document::new(id.clone(), ReversedPayment::default(), now)
            });
            let parts = reversal.parts(document.body.gone());
            let taken = if comes_again { Parts::default() } else { parts };
            let before = document.body.clone();
            let step = document.body.steps.entry(reversal.id.clone()).or_insert(Step {
                credit_cents: taken.credit.get(),
                fee_cents: taken.fee.get(),
                has_come_again: false,
            });
            step.has_come_again |= comes_again;
            let step = *step;
            if document.body == before {
                return Ok(step);
            }
            let change = match document.revision {
                0 => document.insertion(),
                _ => document.replacement(now),
            };
            match self.stores.documents.write(vec![change?]).await {
                Err(StoreError::Conflict) if tries < TRIES => tries += 1,
                written => return written.map(|()| step),
            }
        }
    }
}

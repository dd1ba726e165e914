//! Credit that is bought without anybody asking, when less is left than the account wants.
//!
//! Each top-up has a number, which is taken in the store before the provider is asked, and is in
//! the key under which it is asked. So several nodes, or one that died in between, ask for the same
//! and the provider charges once; and the ledger takes a payment once. The next one is begun only
//! when the one before has ended.

use std::time::Duration;

use tollgate_ledger::AccountId;
use tollgate_payments::{Charged, Instrument, Outcome, PaymentError, PaymentMethod, Reply};
use tollgate_store::{Document, StoreError};
use tollgate_types::{Chain, Usd};

use super::payer::{Payer, Pending};
use super::{Cashier, CashierError};

/// The provider remembers keys for a day (<https://docs.stripe.com/api/idempotent_requests>); what
/// is not known by then is not asked for again.
const KEY_LIFE: Duration = Duration::from_hours(23);

impl Cashier {
    /// Buys what accounts want to have bought. Returns how many payments have arrived.
    ///
    /// # Errors
    ///
    /// When the store fails. What the provider fails at is tried again in the next round, or stops
    /// the account's top-ups when it refuses.
    pub async fn top_up(&self) -> Result<u64, StoreError> {
        let mut paid = 0;
        for payer in self.stores.documents.all::<Payer>(None).await? {
            let Ok(account) = AccountId::new(&payer.id) else { continue };
            match self.top_up_one(&account, payer).await {
                Ok(true) => paid += 1,
                // Another node has begun it.
                Ok(false) | Err(CashierError::Store(StoreError::Conflict)) => {}
                Err(CashierError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%account, error = %Chain(&error), "credit can't be bought automatically now");
                }
            }
        }
        Ok(paid)
    }

    /// Whether a payment has arrived.
    async fn top_up_one(
        &self,
        account: &AccountId,
        mut payer: Document<Payer>,
    ) -> Result<bool, CashierError> {
        if payer.body.pending.is_none() && !self.begin(account, &mut payer).await? {
            return Ok(false);
        }
        let Some(pending) = payer.body.pending.clone() else { return Ok(false) };
        let Some(from) = payer.body.instrument() else { return Ok(false) };
        if let Some(payment) = &pending.payment {
            return self.follow(account, payment).await;
        }
        let age = self.now().unix_millis().saturating_sub(pending.begun_at_ms);
        if u128::try_from(age).is_ok_and(|age| age > KEY_LIFE.as_millis()) {
            self.stop_topping_up(account, "the payment provider did not answer for a day", None)
                .await?;
            return Ok(false);
        }
        let charged = match self.charge(account, &pending, &from, payer.body.sequence).await {
            Err(CashierError::Payment(PaymentError::Refused { message, .. })) => {
                tracing::warn!(%account, message, "the payment provider refuses an automatic purchase");
                self.stop_topping_up(account, &message, None).await?;
                return Ok(false);
            }
            charged => charged?,
        };
        self.note(account, payer.body.sequence, charged).await
    }

    /// Begins a top-up where too little is left. Of several nodes that would, one does.
    async fn begin(
        &self,
        account: &AccountId,
        payer: &mut Document<Payer>,
    ) -> Result<bool, CashierError> {
        let wanted = payer.body.auto_top_up.filter(|_| payer.body.stopped.is_none());
        let Some(wanted) = wanted.filter(|_| payer.body.can_be_charged()) else {
            return Ok(false);
        };
        let balance = self.stores.ledger.balance(account).await?;
        let left = balance.available.saturating_add(balance.held);
        if left >= wanted.threshold() {
            return Ok(false);
        }
        let now = self.now();
        payer.body.sequence = payer.body.sequence.saturating_add(1);
        payer.body.pending = Some(Pending {
            credit_nanos: wanted.amount().nanos(),
            begun_at_ms: now.unix_millis(),
            payment: None,
        });
        self.keep(payer, now).await?;
        Ok(true)
    }

    async fn charge(
        &self,
        account: &AccountId,
        pending: &Pending,
        from: &Instrument,
        sequence: u64,
    ) -> Result<Charged, CashierError> {
        let installation = &self.config.installation;
        let credit = Usd::from_nanos(pending.credit_nanos);
        let order = self.order(account, credit, PaymentMethod::Standard).await?.automatic();
        let key = format!("{installation}/{account}/top-up/{sequence}");
        let (status, body) = self.send(self.provider.charge(&order, from, &key)).await?;
        Ok(self.provider.charged(&Reply { status, body: &body }, installation)?)
    }

    /// Does what a charge has come to.
    async fn note(
        &self,
        account: &AccountId,
        sequence: u64,
        charged: Charged,
    ) -> Result<bool, CashierError> {
        if let Some(id) = charged.id {
            self.change(account, |payer| {
                // Another node may have ended it, and begun the next.
                if let Some(pending) = payer.pending.as_mut().filter(|_| payer.sequence == sequence)
                {
                    pending.payment = Some(id.clone());
                }
            })
            .await?;
        }
        match charged.outcome {
            Outcome::Paid(payment) => {
                self.paid(&payment).await?;
                Ok(true)
            }
            Outcome::Pending => Ok(false),
            Outcome::Declined(reason) => {
                tracing::warn!(%account, reason, "an automatic purchase was declined");
                self.stop_topping_up(account, &reason, None).await?;
                Ok(false)
            }
        }
    }

    /// Asks what has become of a payment that was made.
    async fn follow(&self, account: &AccountId, payment: &str) -> Result<bool, CashierError> {
        let (status, body) = self.send(self.provider.look_up(payment)).await?;
        let reply = Reply { status, body: &body };
        let state = self.provider.state(&reply, &self.config.installation)?;
        match state.payment {
            Some(payment) => {
                self.paid(&payment).await?;
                Ok(true)
            }
            None if state.is_open => Ok(false),
            None => {
                self.stop_topping_up(account, "declined", Some(payment)).await?;
                Ok(false)
            }
        }
    }
}

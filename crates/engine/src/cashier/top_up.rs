//! Credit that is bought without anybody asking, when less is left than the account wants.
//!
//! Each top-up has a number, which is taken in the store before the provider is asked, and is in
//! the key under which it is asked; what it costs and who pays is kept with it. So several nodes,
//! or one that died in between, ask for the same to the letter and the provider charges once; and
//! the ledger takes a payment once. The next one is begun only when the one before has ended, or
//! was never asked for.

use std::time::Duration;

use tollgate_ledger::AccountId;
use tollgate_payments::{
    Cents, Charged, Instrument, Order, Outcome, PaymentError, PaymentMethod, Reply,
};
use tollgate_store::{Document, StoreError};
use tollgate_types::Chain;

use super::payer::{Payer, Pending, TopUp};
use super::{Cashier, CashierError, told};

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
        let pending = match payer.body.pending.clone() {
            Some(Pending { payment: Some(payment), .. }) => {
                return self.follow(account, &payment).await;
            }
            Some(mut pending) => {
                let age = self.now().unix_millis().saturating_sub(pending.sent_at_ms);
                if u128::try_from(age).is_ok_and(|age| age > KEY_LIFE.as_millis()) {
                    let why = "the payment provider did not answer for a day";
                    let about = TopUp::Number(payer.body.sequence);
                    self.stop_topping_up(account, why, about).await?;
                    return Ok(false);
                }
                // So that nobody who has asked for it before takes it for never asked for.
                pending.asked = pending.asked.saturating_add(1);
                payer.body.pending = Some(pending.clone());
                self.keep(&payer, self.now()).await?;
                pending
            }
            None => match self.begin(account, &mut payer).await? {
                Some(pending) => pending,
                None => return Ok(false),
            },
        };
        let number = payer.body.sequence;
        match self.charge(account, &pending, number).await {
            Ok(charged) => self.note(account, number, charged).await,
            Err(error) => {
                self.not_charged(account, number, &error).await?;
                Err(error)
            }
        }
    }

    /// Begins a top-up where too little is left. Of several nodes that would, one does.
    async fn begin(
        &self,
        account: &AccountId,
        payer: &mut Document<Payer>,
    ) -> Result<Option<Pending>, CashierError> {
        let wanted = payer.body.auto_top_up.filter(|_| payer.body.stopped.is_none());
        let from = payer.body.instrument().filter(|it| it.payment_method.is_some());
        let (Some(wanted), Some(from)) = (wanted, from) else { return Ok(None) };
        let balance = self.stores.ledger.balance(account).await?;
        let left = balance.available.saturating_add(balance.held);
        if left >= wanted.threshold() {
            return Ok(None);
        }
        let order = self.order(account, wanted.amount(), PaymentMethod::Standard).await?;
        let pending = Pending {
            credit_cents: order.credit().get(),
            fee_cents: order.fee().get(),
            customer: from.customer,
            payment_method: from.payment_method,
            // Whatever happens from here on, it may have been asked for.
            sent_at_ms: self.now().unix_millis(),
            asked: 1,
            payment: None,
        };
        payer.body.sequence = payer.body.sequence.saturating_add(1);
        payer.body.pending = Some(pending.clone());
        self.keep(payer, self.now()).await?;
        Ok(Some(pending))
    }

    async fn charge(
        &self,
        account: &AccountId,
        pending: &Pending,
        number: u64,
    ) -> Result<Charged, CashierError> {
        let installation = &self.config.installation;
        let price = (Cents::new(pending.credit_cents), Cents::new(pending.fee_cents));
        let order = Order::at_price(installation, account.clone(), price)?;
        let from = Instrument {
            customer: pending.customer.clone(),
            payment_method: pending.payment_method.clone(),
        };
        let key = format!("{installation}/{account}/top-up/{number}");
        let (status, body) = self.send(self.provider.charge(&order, &from, &key)).await?;
        self.provider.charged(&Reply { status, body: &body }, installation).map_err(told)
    }

    /// Does what follows from an answer that is none.
    async fn not_charged(
        &self,
        account: &AccountId,
        number: u64,
        error: &CashierError,
    ) -> Result<(), StoreError> {
        match error {
            // It is no fault of the account's, and nothing was asked for unless it was before: the
            // next round begins anew, if it is still wanted then.
            CashierError::Unreachable
            | CashierError::Payment(PaymentError::Unauthorized { .. }) => {
                let ended = |payer: &mut Payer| {
                    let pending = payer.pending_mut(TopUp::Number(number));
                    if pending.is_some_and(|it| it.asked == 1) {
                        payer.pending = None;
                    }
                };
                self.change(account, ended).await.map(drop)
            }
            // The number was taken before, and the store has forgotten it: a backup was restored.
            // What came of it then is told by its own notices. The next one has another number.
            CashierError::Payment(PaymentError::KeyReused) => {
                let ended = |payer: &mut Payer| drop(payer.end(TopUp::Number(number)));
                self.change(account, ended).await.map(drop)
            }
            CashierError::Payment(PaymentError::Refused { message, .. }) => {
                self.stop_topping_up(account, message, TopUp::Number(number)).await
            }
            _ => Ok(()),
        }
    }

    /// Does what a charge has come to.
    async fn note(
        &self,
        account: &AccountId,
        number: u64,
        charged: Charged,
    ) -> Result<bool, CashierError> {
        if let Some(id) = charged.id {
            self.change(account, |payer| {
                // Another node may have ended it, and begun the next.
                if let Some(pending) = payer.pending_mut(TopUp::Number(number)) {
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
                self.stop_topping_up(account, &reason, TopUp::Number(number)).await?;
                Ok(false)
            }
        }
    }

    /// Asks what has become of a payment that was made.
    async fn follow(&self, account: &AccountId, payment: &str) -> Result<bool, CashierError> {
        let (status, body) = self.send(self.provider.look_up(payment)).await?;
        let reply = Reply { status, body: &body };
        let ended = match self.provider.state(&reply, &self.config.installation) {
            Ok(state) => match state.payment {
                Some(payment) => {
                    self.paid(&payment).await?;
                    return Ok(true);
                }
                None if state.is_open => return Ok(false),
                None if state.mismatch.is_some() => "something else was paid than was ordered",
                None => "declined",
            },
            // It won't be there later, either.
            Err(PaymentError::Refused { status, message }) => {
                tracing::warn!(%account, payment, status, message, "an automatic purchase can't be looked up");
                "the payment provider does not know the payment"
            }
            Err(error) => return Err(told(error)),
        };
        self.stop_topping_up(account, ended, TopUp::Payment(payment)).await?;
        Ok(false)
    }
}

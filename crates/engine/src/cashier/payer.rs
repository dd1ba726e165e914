//! What is kept of who pays for an account.

use serde::{Deserialize, Serialize};
use tollgate_ledger::AccountId;
use tollgate_payments::{Instrument, Payment, Purpose};
use tollgate_store::{Document, DocumentBody, StoreError};
use tollgate_types::{Timestamp, Usd};

use super::{Cashier, CashierError};

/// Who pays for an account, by the payment provider's own ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payer {
    customer: Option<String>,
    payment_method: Option<String>,
    /// When the payment was begun that both are of.
    paid_at_ms: i64,
    /// When credit is bought without anybody asking.
    pub auto_top_up: Option<AutoTopUp>,
    /// Why it is not any more, until it is set again.
    pub stopped: Option<String>,
    /// How many times it was.
    pub(super) sequence: u64,
    /// The one that is under way.
    pub(super) pending: Option<Pending>,
}

/// When credit is bought without anybody asking, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUp {
    threshold_nanos: i64,
    amount_nanos: i64,
}

/// A top-up under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// What is bought. It is kept with what it costs and who pays, so that it can be asked for
    /// again to the letter, whatever has changed since.
    pub(super) credit_cents: u32,
    /// What is paid on top.
    pub(super) fee_cents: u32,
    /// Who pays, by the provider's id.
    pub(super) customer: String,
    /// What is charged.
    pub(super) payment_method: Option<String>,
    /// When the provider was first asked. What it certainly was not asked for is not under way.
    pub(super) sent_at_ms: i64,
    /// How often it was.
    pub(super) asked: u32,
    /// The payment's id, once it is known.
    pub(super) payment: Option<String>,
}

/// Which top-up something is about: of what is over, nothing is changed any more.
#[derive(Debug, Clone, Copy)]
pub(super) enum TopUp<'a> {
    /// The one with this number.
    Number(u64),
    /// The one that was this payment.
    Payment(&'a str),
}

impl DocumentBody for Payer {
    const KIND: &'static str = "payer";
}

impl AutoTopUp {
    /// Buys `amount` as soon as less than `threshold` is left.
    pub const fn new(threshold: Usd, amount: Usd) -> Self {
        Self { threshold_nanos: threshold.nanos(), amount_nanos: amount.nanos() }
    }

    /// Below this it is bought.
    pub const fn threshold(self) -> Usd {
        Usd::from_nanos(self.threshold_nanos)
    }

    /// How much.
    pub const fn amount(self) -> Usd {
        Usd::from_nanos(self.amount_nanos)
    }
}

impl Payer {
    /// Whether credit is bought without anybody asking.
    pub fn is_topped_up(&self) -> bool {
        self.auto_top_up.is_some() && self.stopped.is_none()
    }

    /// What can be charged again.
    pub(super) fn instrument(&self) -> Option<Instrument> {
        let customer = self.customer.clone()?;
        Some(Instrument { customer, payment_method: self.payment_method.clone() })
    }

    /// Whether there is something to charge without the payer.
    pub const fn can_be_charged(&self) -> bool {
        self.customer.is_some() && self.payment_method.is_some()
    }

    /// The top-up, if it is the one under way.
    pub(super) fn pending_mut(&mut self, top_up: TopUp<'_>) -> Option<&mut Pending> {
        let pending = self.pending.as_mut()?;
        let is_it = match top_up {
            TopUp::Number(number) => self.sequence == number,
            TopUp::Payment(payment) => pending.payment.as_deref() == Some(payment),
        };
        is_it.then_some(pending)
    }

    /// Ends the top-up, if it is the one under way.
    pub(super) fn end(&mut self, top_up: TopUp<'_>) -> Option<Pending> {
        self.pending_mut(top_up)?;
        self.pending.take()
    }

    /// Keeps what can be charged again. Customer and method belong together; what an older payment
    /// says, or one that was charged from what is known, changes nothing.
    fn keep_instrument(&mut self, payment: &Payment) {
        let Some(instrument) = &payment.instrument else { return };
        let made_at_ms = payment.made_at.unix_millis();
        let is_better = self.customer.is_none()
            || (payment.purpose != Purpose::AutoTopUp
                && made_at_ms >= self.paid_at_ms
                && (instrument.payment_method.is_some() || self.payment_method.is_none()));
        if is_better {
            self.customer = Some(instrument.customer.clone());
            self.payment_method.clone_from(&instrument.payment_method);
            self.paid_at_ms = made_at_ms;
        }
    }
}

/// How often a change is tried again that others overtake.
pub(super) const TRIES: u32 = 8;

impl Cashier {
    /// Who pays for an account; somebody unknown when nobody has paid yet.
    pub(super) async fn payer(&self, account: &AccountId) -> Result<Document<Payer>, StoreError> {
        let known = self.stores.documents.load::<Payer>(account.as_str()).await?;
        Ok(known.unwrap_or_else(|| {
            let fresh = Document::new(account.to_string(), Payer::default(), self.now());
            Document { revision: 0, ..fresh }
        }))
    }

    /// Who pays for an account.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn who_pays(&self, account: &AccountId) -> Result<Payer, StoreError> {
        Ok(self.payer(account).await?.body)
    }

    /// Sets when credit is bought without anybody asking; never when absent.
    ///
    /// # Errors
    ///
    /// When nobody can buy that amount, or nothing can be charged.
    pub async fn set_auto_top_up(
        &self,
        account: &AccountId,
        wanted: Option<AutoTopUp>,
    ) -> Result<Payer, CashierError> {
        if let Some(wanted) = wanted {
            self.order(account, wanted.amount(), tollgate_payments::PaymentMethod::Standard)
                .await?;
            if !self.payer(account).await?.body.can_be_charged() {
                return Err(CashierError::NoInstrument);
            }
        }
        let changed = self.change(account, |payer| {
            payer.auto_top_up = wanted;
            payer.stopped = None;
        });
        Ok(changed.await?)
    }

    /// Keeps what can be charged again, and ends the top-up that this was.
    pub(super) async fn remember(&self, payment: &Payment) -> Result<(), StoreError> {
        let is_top_up = payment.purpose == Purpose::AutoTopUp;
        if payment.instrument.is_none() && !is_top_up {
            return Ok(());
        }
        let changed = self.change(&payment.account, |payer| {
            payer.keep_instrument(payment);
            payer.end(TopUp::Payment(&payment.id));
        });
        changed.await.map(drop)
    }

    /// Buys nothing more without anybody asking, if that is for a top-up which is under way.
    pub(super) async fn stop_topping_up(
        &self,
        account: &AccountId,
        reason: &str,
        top_up: TopUp<'_>,
    ) -> Result<(), StoreError> {
        let changed = self.change(account, |payer| {
            if payer.end(top_up).is_some() {
                payer.stopped = Some(reason.to_owned());
            }
        });
        changed.await.map(drop)
    }

    /// Buys nothing more for somebody whose payments go back.
    pub(super) async fn stop_for(
        &self,
        account: &AccountId,
        reason: &str,
    ) -> Result<(), StoreError> {
        let changed = self.change(account, |payer| {
            if payer.auto_top_up.is_some() {
                payer.stopped = Some(reason.to_owned());
            }
        });
        changed.await.map(drop)
    }

    /// Changes what is kept, again when somebody else has in between.
    pub(super) async fn change(
        &self,
        account: &AccountId,
        change: impl Fn(&mut Payer),
    ) -> Result<Payer, StoreError> {
        let mut tries = 0;
        loop {
            let mut payer = self.payer(account).await?;
            let before = payer.body.clone();
            change(&mut payer.body);
            if payer.body == before {
                return Ok(before);
            }
            match self.keep(&payer, self.now()).await {
                Err(StoreError::Conflict) if tries < TRIES => tries += 1,
                result => return result.map(|()| payer.body),
            }
        }
    }

    /// Writes what was changed, unless somebody else has.
    pub(super) async fn keep(
        &self,
        payer: &Document<Payer>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = if payer.revision == 0 { payer.insertion() } else { payer.replacement(now) };
        self.stores.documents.write(vec![change?]).await
    }
}

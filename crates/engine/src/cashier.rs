//! Selling credit: what a payment provider is asked, and what it tells, goes into the ledger.
//!
//! The ledger comes first: a notice is answered when its movements are durable. Whatever happens
//! in between, the provider tells again, and the ledger takes each movement once.

mod payer;
mod top_up;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use tollgate_ledger::{AccountId, Movement};
use tollgate_organisation::Agreement;
use tollgate_payments::{
    Ask, Checkout, Fees, Notice, NoticeError, Order, OrderError, Payment, PaymentError,
    PaymentMethod, PaymentProvider, Purpose, Reply, Returns, Webhook,
};
use tollgate_store::{StoreError, Stores};
use tollgate_types::{Timestamp, Usd};
use tollgate_upstream::{Upstream, read_bounded};

use crate::{Clock, Plans, Secret};

pub use payer::{AutoTopUp, Payer};

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct CashierConfig {
    /// The name that keeps apart installations that share an account at the provider.
    pub installation: String,
    /// What is taken on top of purchases.
    pub fees: Fees,
    /// Where payers come back to.
    pub return_url: String,
}

/// Sells credit through a payment provider. One per process, shared.
#[derive(Debug)]
pub struct Cashier {
    config: CashierConfig,
    provider: Box<dyn PaymentProvider>,
    stores: Stores,
    upstream: Upstream,
    plans: Arc<Plans>,
    clock: Arc<dyn Clock>,
}

/// What a notice has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Its movements are in the ledger now.
    Posted,
    /// They were there before.
    Known,
    /// There was nothing to move.
    Nothing,
}

/// Why credit can't be sold, or a notice not be acted on.
#[derive(Debug, thiserror::Error)]
pub enum CashierError {
    /// Nobody can buy that.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The notice must not be acted on.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// The payment provider can't be reached.
    #[error("the payment provider can't be reached")]
    Unreachable,
    /// The payment provider says no, or something else.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The account has paid nothing yet that could be charged again.
    #[error("there is no payment method to charge: buy credit once first")]
    NoInstrument,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

impl Cashier {
    /// Puts a cashier together. `upstream` is its way out; `plans` may have fees of their own.
    pub fn new(
        config: CashierConfig,
        provider: Box<dyn PaymentProvider>,
        (stores, upstream): (Stores, Upstream),
        plans: Arc<Plans>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { config, provider, stores, upstream, plans, clock }
    }

    /// Opens a page on which an account can buy `credit`, once for each `key`.
    ///
    /// # Errors
    ///
    /// When nobody can buy that, or the provider does not open one.
    pub async fn checkout(
        &self,
        account: &AccountId,
        credit: Usd,
        method: PaymentMethod,
        key: &str,
    ) -> Result<Checkout, CashierError> {
        let order = self.order(account, credit, method).await?;
        let payer = self.payer(account).await?;
        let known = payer.body.instrument();
        let url = self.config.return_url.as_str();
        let returns = Returns { success_url: url, cancel_url: url };
        let ask = self.provider.checkout(&order, known.as_ref(), &returns, key);
        let (status, body) = self.send(ask).await?;
        Ok(self.provider.opened(&Reply { status, body: &body })?)
    }

    /// Checks who sent a notice, and does what it says. With `Ok` it is in the ledger.
    ///
    /// # Errors
    ///
    /// When it must not be acted on, or can't be now: then the provider tells it again.
    pub async fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, CashierError> {
        let now = self.now();
        match self.provider.notice(webhook, &self.config.installation, now)? {
            Notice::Paid(payment) => self.paid(&payment).await,
            Notice::Reversed(reversal) => self.post(reversal.movements(now)).await,
            Notice::Disputed(dispute) => {
                let (status, body) = self.send(self.provider.look_up(&dispute.payment)).await?;
                let reply = Reply { status, body: &body };
                let state = self.provider.state(&reply, &self.config.installation)?;
                let received = self.post(dispute.movements(&state, now)).await?;
                if let Some(payment) = state.payment.filter(|_| !dispute.is_returned) {
                    self.disputed(&payment.account).await?;
                }
                Ok(received)
            }
            Notice::Failed(failure) => {
                tracing::info!(account = %failure.account, reason = failure.reason, "a payment has failed");
                if failure.purpose == Purpose::AutoTopUp {
                    self.stop_topping_up(&failure.account, &failure.reason, failure.id.as_deref())
                        .await?;
                }
                Ok(Received::Nothing)
            }
            Notice::Nothing(why) => {
                tracing::debug!(why, "a notice of the payment provider moves nothing");
                Ok(Received::Nothing)
            }
        }
    }

    /// Books a payment, and remembers what can be charged again.
    async fn paid(&self, payment: &Payment) -> Result<Received, CashierError> {
        let received = self.post(payment.movements(self.now())).await?;
        self.remember(payment).await?;
        Ok(received)
    }

    async fn post(&self, movements: Vec<Movement>) -> Result<Received, CashierError> {
        let Some(first) = movements.first().cloned() else { return Ok(Received::Nothing) };
        if !self.stores.ledger.post(movements).await? {
            return Ok(Received::Known);
        }
        tracing::info!(
            account = %first.account, kind = first.kind.as_str(), amount = %first.amount,
            id = first.id, "the payment provider has told of a payment"
        );
        Ok(Received::Posted)
    }

    /// An order at the fee of the account's plan, if that has one of its own.
    async fn order(
        &self,
        account: &AccountId,
        credit: Usd,
        method: PaymentMethod,
    ) -> Result<Order, CashierError> {
        let agreement = self.stores.documents.load::<Agreement>(account.as_str()).await?;
        let agreed = self.plans.of(agreement.as_ref().map(|it| &it.body), self.now());
        let fee = agreed.and_then(|it| it.platform_fee);
        let fees = fee.map_or(self.config.fees, |fee| Fees { standard: fee, crypto: fee });
        let installation = &self.config.installation;
        Ok(Order::new(installation, account.clone(), credit, (method, &fees))?)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn send(&self, ask: Ask) -> Result<(u16, Bytes), CashierError> {
        let url = format!("{}{}", self.provider.base_url(), ask.path);
        let mut request = Request::builder().method(ask.method.as_str()).uri(url);
        for (name, value) in self.provider.headers() {
            request = request.header(name, value);
        }
        if let Some(key) = ask.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if ask.body.is_some() {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request = request.header(CONTENT_TYPE, form);
        }
        let body = Bytes::from(ask.body.unwrap_or_default());
        let request = request.body(body).map_err(|_| CashierError::Unreachable)?;
        let failed = |_| CashierError::Unreachable;
        let response = self.upstream.send(request, PATIENCE).await.map_err(failed)?;
        let status = response.status().as_u16();
        let read = read_bounded(response.into_body(), ANSWER_BYTES_MAX);
        let read = tokio::time::timeout(PATIENCE, read).await;
        let body = read.map_err(|_| CashierError::Unreachable)?;
        Ok((status, body.map_err(|_| CashierError::Unreachable)?))
    }
}

/// The operator's keys at a provider, as payments have them.
impl From<&Secret> for tollgate_payments::Secret {
    fn from(secret: &Secret) -> Self {
        Self::new(secret.expose())
    }
}

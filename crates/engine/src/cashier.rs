//! Selling credit: what a payment provider is asked, and what it tells, goes into the ledger.
//!
//! The ledger comes first: a notice is answered when its movements are durable. Whatever happens
//! in between, the provider tells again, and the ledger takes each movement once.

mod payer;
mod refund;
mod reversals;
mod top_up;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_organisation::Agreement;
use tollgate_payments::{
    Ask, Checkout, Fees, Instrument, NotCents, Notice, NoticeError, Order, OrderError, Payment,
    PaymentError, PaymentMethod, PaymentProvider, Purpose, Reply, Returns, Webhook,
};
use tollgate_store::{MovementQuery, StoreError, Stores};
use tollgate_types::{Timestamp, Usd};
use tollgate_upstream::{Upstream, UpstreamErrorKind, read_bounded};

use crate::{Clock, Plans, Secret};

use payer::TopUp;
pub use payer::{AutoTopUp, Payer};
pub use refund::{Reconciled, Refunded};

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

impl Received {
    /// What two have come to together: posted if either is.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Posted, _) | (_, Self::Posted) => Self::Posted,
            (Self::Known, _) | (_, Self::Known) => Self::Known,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
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
    /// There is no connection to the payment provider: nothing was asked.
    #[error("the payment provider can't be reached")]
    Unreachable,
    /// The payment provider has not answered: what was asked may have been done.
    #[error("the payment provider does not answer")]
    Unanswered,
    /// The payment provider says no, or something else.
    #[error(transparent)]
    Payment(PaymentError),
    /// There is no such payment that could go back.
    #[error("no payment of this installation has this id, or it has not arrived")]
    NoPayment,
    /// That is no amount to give back.
    #[error(transparent)]
    NotCents(#[from] NotCents),
    /// A payment does not go back, in the provider's words.
    #[error("the payment provider does not give it back: {0}")]
    NotRefunded(String),
    /// The ledger has something else under the id of what the provider tells of.
    #[error("the ledger has a {} of {amount} as {id}, which is not what was told: set the account right with `tollgate credits add`", kind.as_str())]
    Otherwise {
        /// The movement's id.
        id: String,
        /// What it is there.
        kind: Kind,
        /// How much it is there.
        amount: Usd,
    },
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
/// A payment has its own movement, that of its fee, and those that refer to it.
const ABOUT_MOST: u32 = 100;

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
        let key = format!("{}/checkout/{key}", self.config.installation);
        match self.open(&order, known.as_ref(), &key).await {
            // It was opened before anybody had paid on it: by somebody unknown.
            Err(CashierError::Payment(PaymentError::KeyReused)) if known.is_some() => {
                self.open(&order, None, &key).await
            }
            opened => opened,
        }
    }

    async fn open(
        &self,
        order: &Order,
        payer: Option<&Instrument>,
        key: &str,
    ) -> Result<Checkout, CashierError> {
        let url = self.config.return_url.as_str();
        let returns = Returns { success_url: url, cancel_url: url };
        let (status, body) = self.send(self.provider.checkout(order, payer, &returns, key)).await?;
        self.provider.opened(&Reply { status, body: &body }).map_err(told)
    }

    /// Checks who sent a notice, and does what it says. With `Ok` it is in the ledger.
    ///
    /// # Errors
    ///
    /// When it must not be acted on, or can't be now: then the provider tells it again.
    pub async fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, CashierError> {
        let notice = self.provider.notice(webhook, &self.config.installation, self.now())?;
        self.act(&notice).await
    }

    /// Does what a notice says.
    async fn act(&self, notice: &Notice) -> Result<Received, CashierError> {
        match notice {
            Notice::Paid(payment) => self.paid(payment).await,
            Notice::Refunded(payment) => self.refunded(payment).await,
            Notice::Disputed(dispute) => self.disputed(dispute).await,
            Notice::Failed(failure) => {
                tracing::info!(account = %failure.account, reason = failure.reason, "a payment has failed");
                // An old one that is told again stops nothing.
                if let (Purpose::AutoTopUp, Some(id)) = (failure.purpose, &failure.id) {
                    let about = TopUp::Payment(id);
                    self.stop_topping_up(&failure.account, &failure.reason, about).await?;
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
            return self.known(&first).await;
        }
        tracing::info!(
            account = %first.account, kind = first.kind.as_str(), amount = %first.amount,
            id = first.id, "the payment provider has told of a payment"
        );
        Ok(Received::Posted)
    }

    /// What is in the ledger already must be the same: something else under its id, such as what an
    /// operator has added by hand, would swallow it without a word.
    async fn known(&self, told: &Movement) -> Result<Received, CashierError> {
        let query = MovementQuery {
            about: Some(told.id.clone()),
            limit: ABOUT_MOST,
            ..MovementQuery::default()
        };
        let rows = self.stores.ledger.movements(&query).await?;
        let Some(kept) = rows.into_iter().map(|it| it.movement).find(|it| it.id == told.id) else {
            return Ok(Received::Known);
        };
        let what = |it: &Movement| (it.account.clone(), it.kind, it.amount);
        if what(&kept) == what(told) {
            return Ok(Received::Known);
        }
        tracing::error!(
            id = told.id, account = %told.account, kind = told.kind.as_str(), amount = %told.amount,
            kept_account = %kept.account, kept_kind = kept.kind.as_str(), kept_amount = %kept.amount,
            "the payment provider tells of something else than the ledger has under its id"
        );
        Err(CashierError::Otherwise { id: kept.id, kind: kept.kind, amount: kept.amount })
    }

    /// An order at the fees of the account's plan, as far as that has some of its own.
    async fn order(
        &self,
        account: &AccountId,
        credit: Usd,
        method: PaymentMethod,
    ) -> Result<Order, CashierError> {
        let agreement = self.stores.documents.load::<Agreement>(account.as_str()).await?;
        let agreed = self.plans.of(agreement.as_ref().map(|it| &it.body), self.now());
        let agreed = agreed.as_deref();
        let fees = Fees {
            standard: agreed.and_then(|it| it.platform_fee).unwrap_or(self.config.fees.standard),
            crypto: agreed.and_then(|it| it.crypto_fee).unwrap_or(self.config.fees.crypto),
        };
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
        let response = self.upstream.send(request, PATIENCE).await.map_err(|it| match it.kind {
            UpstreamErrorKind::Connect => CashierError::Unreachable,
            UpstreamErrorKind::Broken | UpstreamErrorKind::Timeout => CashierError::Unanswered,
        })?;
        let status = response.status().as_u16();
        let read = read_bounded(response.into_body(), ANSWER_BYTES_MAX);
        let read = tokio::time::timeout(PATIENCE, read).await;
        let body = read.map_err(|_| CashierError::Unanswered)?;
        Ok((status, body.map_err(|_| CashierError::Unanswered)?))
    }
}

/// What the operator has to mend is in the log, in the provider's words: payers don't hear them.
fn told(error: PaymentError) -> CashierError {
    if let PaymentError::Unauthorized { status, message } = &error {
        tracing::error!(status, message, "the payment provider does not take this gateway's key");
    }
    CashierError::Payment(error)
}

/// The operator's keys at a provider, as payments have them.
impl From<&Secret> for tollgate_payments::Secret {
    fn from(secret: &Secret) -> Self {
        Self::new(secret.expose())
    }
}

//! What a payment provider must be able to do.

use std::fmt;

use tollgate_types::Timestamp;

use crate::{Ask, Cents, Instrument, Notice, NoticeError, Order, Payment, Reply};

/// A payment provider, as what to ask it and how to read it. Add one by implementing this.
pub trait PaymentProvider: fmt::Debug + Send + Sync {
    /// Its name, which begins the ids of its movements; never changed.
    fn name(&self) -> &'static str;

    /// Where [`Ask::path`] goes, without a slash at its end.
    fn base_url(&self) -> &str;

    /// Headers of every request. One has the operator's key.
    fn headers(&self) -> Vec<(&'static str, String)>;

    /// Asks for a page on which the order can be paid. `payer` is whom the account is known as.
    fn checkout(
        &self,
        order: &Order,
        payer: Option<&Instrument>,
        returns: &Returns<'_>,
        key: &str,
    ) -> Ask;

    /// Reads the answer to [`PaymentProvider::checkout`].
    ///
    /// # Errors
    ///
    /// When there is no such page.
    fn opened(&self, reply: &Reply<'_>) -> Result<Checkout, PaymentError>;

    /// Asks for an order to be paid without the payer, from what was kept of an earlier payment.
    fn charge(&self, order: &Order, from: &Instrument, key: &str) -> Ask;

    /// Reads the answer to [`PaymentProvider::charge`].
    ///
    /// # Errors
    ///
    /// When it can't be told what became of it; under the same key it can be asked again.
    fn charged(&self, reply: &Reply<'_>, installation: &str) -> Result<Charged, PaymentError>;

    /// Asks about a payment.
    fn look_up(&self, payment: &str) -> Ask;

    /// Reads the answer to [`PaymentProvider::look_up`], for orders of `installation`.
    ///
    /// # Errors
    ///
    /// When it can't be told.
    fn state(&self, reply: &Reply<'_>, installation: &str) -> Result<PaymentState, PaymentError>;

    /// Asks for a payment, or a part of it, to go back, whatever it bought. The ledger hears of it by
    /// a notice.
    fn refund(&self, refund: &RefundOrder<'_>, key: &str) -> Ask;

    /// Reads the answer to [`PaymentProvider::refund`].
    ///
    /// # Errors
    ///
    /// When it was refused, or when it can't be told.
    fn refunded(&self, reply: &Reply<'_>) -> Result<Refund, PaymentError>;

    /// Asks for the refunds of a payment, and of those the ones behind `after`.
    fn list_refunds(&self, payment: &str, after: Option<&str>) -> Ask;

    /// Reads the answer to [`PaymentProvider::list_refunds`].
    ///
    /// # Errors
    ///
    /// When it can't be told.
    fn refunds(&self, reply: &Reply<'_>) -> Result<RefundPage, PaymentError>;

    /// Asks for the notices since an instant, newest first, and of those the ones behind `after`.
    fn list_notices(&self, since: Timestamp, after: Option<&str>) -> Ask;

    /// Reads the answer to [`PaymentProvider::list_notices`], for orders of `installation`.
    ///
    /// # Errors
    ///
    /// When it can't be told.
    fn listed(&self, reply: &Reply<'_>, installation: &str) -> Result<NoticePage, PaymentError>;

    /// Checks who sent a notice and reads it, for orders of `installation`.
    ///
    /// # Errors
    ///
    /// When it must not be acted on.
    fn notice(
        &self,
        webhook: &Webhook<'_>,
        installation: &str,
        now: Timestamp,
    ) -> Result<Notice, NoticeError>;
}

/// Where a payer comes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returns<'a> {
    /// When it was paid.
    pub success_url: &'a str,
    /// When it was not.
    pub cancel_url: &'a str,
}

/// A page on which an order can be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its id at the provider.
    pub id: String,
    /// Where it is.
    pub url: String,
}

/// What became of an order that was charged without the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    /// The payment's id at the provider.
    pub id: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a charge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is paid. The notice that follows moves the same, under the same ids.
    Paid(Payment),
    /// It may be paid yet; a notice will tell.
    Pending,
    /// The payer's bank has refused, or wants the payer to agree: the provider's word for it.
    Declined(String),
}

/// A payment that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentState {
    /// The payment; none when it has not arrived, or is not one of ours.
    pub payment: Option<Payment>,
    /// How it differs from what was ordered here; then it buys nothing.
    pub mismatch: Option<String>,
    /// Whether it may still arrive.
    pub is_open: bool,
}

/// A payment that is to go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundOrder<'a> {
    /// The payment's id at the provider.
    pub payment: &'a str,
    /// How much; all that is left when absent.
    pub amount: Option<Cents>,
}

/// A payment, or a part of it, that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id at the provider.
    pub id: String,
    /// How much, of credit and fee together.
    pub amount: Cents,
    /// Whether the payer does not get it after all.
    pub has_failed: bool,
}

/// Some of the refunds of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPage {
    /// The refunds, newest first.
    pub refunds: Vec<Refund>,
    /// What the next page is behind; none when this is the last one.
    pub next: Option<String>,
}

/// Some of the notices that a provider has sent, or would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticePage {
    /// By their ids, newest first.
    pub notices: Vec<(String, Result<Notice, NoticeError>)>,
    /// What the next page is behind; none when this is the last one.
    pub next: Option<String>,
}

/// A notice as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Webhook<'a> {
    /// The header that has the signature.
    pub signature: Option<&'a str>,
    /// The body, to the byte, read within a bound.
    pub body: &'a [u8],
}

/// Why a provider's answer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// It refuses: asking again changes nothing.
    #[error("the payment provider refuses with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// It does not take the operator's key, or the key may not do this. What it says is for the
    /// operator, not for payers.
    #[error("the payment provider does not take this gateway's key, status {status}")]
    Unauthorized {
        /// The HTTP status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// Something else was asked for under the same key before.
    #[error("the payment provider was asked for something else under the same key")]
    KeyReused,
    /// It can't do it now: ask again, under the same key.
    #[error("the payment provider can't answer now, status {status}")]
    Busy {
        /// The HTTP status.
        status: u16,
    },
    /// It says something else than was asked for.
    #[error("the payment provider's answer can't be read: {0}")]
    Unreadable(String),
}

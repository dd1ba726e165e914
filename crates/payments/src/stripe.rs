//! Stripe: Checkout for purchases, PaymentIntents for auto-top-up, signed webhooks.
//!
//! Sources: <https://docs.stripe.com/api> of version 2024-06-20, which every request asks for, and
//! <https://docs.stripe.com/webhooks>.
//!
//! What was ordered goes into the metadata of the session and of its PaymentIntent, from which
//! Stripe copies it into the charge. So each of a payment's events says whose it is and what it
//! bought, and none needs another to have come before it. Amounts are checked against it.

mod event;
mod metadata;
mod object;
mod request;
mod signature;

use tollgate_types::Timestamp;

use crate::{
    Ask, Charged, Checkout, Instrument, Notice, NoticeError, NoticePage, Order, PaymentError,
    PaymentProvider, PaymentState, Refund, RefundOrder, RefundPage, Reply, Returns, Secret,
    Webhook,
};

pub use signature::{SIGNATURE_HEADER, TOLERANCE_SECONDS};

pub(crate) const NAME: &str = "stripe";
const BASE_URL: &str = "https://api.stripe.com";
const VERSION: &str = "2024-06-20";

/// An operator's account at Stripe.
#[derive(Debug, Clone)]
pub struct Stripe {
    secret_key: Secret,
    webhook_secrets: Vec<Secret>,
    base_url: String,
}

impl Stripe {
    /// An account by its secret key and the signing secrets of its webhook endpoint: two while one
    /// is being replaced.
    pub fn new(secret_key: Secret, webhook_secrets: Vec<Secret>) -> Self {
        Self { secret_key, webhook_secrets, base_url: BASE_URL.to_owned() }
    }

    /// The same at another address, such as a test's.
    #[must_use]
    pub fn at(self, base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), ..self }
    }
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("authorization", format!("Bearer {}", self.secret_key.expose())),
            ("stripe-version", VERSION.to_owned()),
        ]
    }

    fn checkout(
        &self,
        order: &Order,
        payer: Option<&Instrument>,
        returns: &Returns<'_>,
        key: &str,
    ) -> Ask {
        request::checkout(order, payer, returns, key)
    }

    fn opened(&self, reply: &Reply<'_>) -> Result<Checkout, PaymentError> {
        object::opened(reply)
    }

    fn charge(&self, order: &Order, from: &Instrument, key: &str) -> Ask {
        request::charge(order, from, key)
    }

    fn charged(&self, reply: &Reply<'_>, installation: &str) -> Result<Charged, PaymentError> {
        object::charged(reply, installation)
    }

    fn look_up(&self, payment: &str) -> Ask {
        request::look_up(payment)
    }

    fn state(&self, reply: &Reply<'_>, installation: &str) -> Result<PaymentState, PaymentError> {
        object::state(reply, installation)
    }

    fn refund(&self, refund: &RefundOrder<'_>, key: &str) -> Ask {
        request::refund(refund, key)
    }

    fn refunded(&self, reply: &Reply<'_>) -> Result<Refund, PaymentError> {
        object::refunded(reply)
    }

    fn list_refunds(&self, payment: &str, after: Option<&str>) -> Ask {
        request::list_refunds(payment, after)
    }

    fn refunds(&self, reply: &Reply<'_>) -> Result<RefundPage, PaymentError> {
        object::refunds(reply)
    }

    fn list_notices(&self, since: Timestamp, after: Option<&str>) -> Ask {
        request::list_events(since, after)
    }

    fn listed(&self, reply: &Reply<'_>, installation: &str) -> Result<NoticePage, PaymentError> {
        object::accepted(reply)?;
        event::listed(reply.body, installation)
    }

    fn notice(
        &self,
        webhook: &Webhook<'_>,
        installation: &str,
        now: Timestamp,
    ) -> Result<Notice, NoticeError> {
        signature::check(webhook, &self.webhook_secrets, now)?;
        event::read(webhook.body, installation)
    }
}

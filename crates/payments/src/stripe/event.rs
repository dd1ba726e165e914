//! Stripe's events, and what they mean: <https://docs.stripe.com/api/events/types>.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::metadata::Metadata;
use super::object::{Failed, Intent, Reference, Session};
use crate::{Cents, Dispute, Failure, Notice, NoticeError, NoticePage, Payment, PaymentError};

/// Those that are acted on.
pub(super) const KINDS: [&str; 12] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "charge.refund.updated",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
];

/// <https://docs.stripe.com/api/pagination>
#[derive(Debug, Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Debug, Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
}

/// A charge or a refund: of both only whose they are is read. How much has gone back is looked up, for
/// a charge does not tell a refund that was made again from the one that had failed.
///
/// <https://docs.stripe.com/api/charges/object>, <https://docs.stripe.com/api/refunds/object>
#[derive(Debug, Deserialize)]
struct OfPayment {
    currency: Option<String>,
    payment_intent: Option<Reference>,
}

/// What says whose an object is. All else of those of others is theirs: amounts in small coins of
/// other currencies don't even fit.
#[derive(Debug, Deserialize)]
struct Whose {
    metadata: Option<Metadata>,
}

/// <https://docs.stripe.com/api/disputes/object>
#[derive(Debug, Deserialize)]
struct StripeDispute {
    id: String,
    amount: u64,
    currency: String,
    #[serde(default)]
    status: String,
    payment_intent: Option<Reference>,
}

impl StripeDispute {
    /// Whether money was taken for it. A bank's inquiry takes none, nor does a dispute that was
    /// settled before it was one: <https://docs.stripe.com/disputes/how-disputes-work>.
    fn takes(&self) -> bool {
        !self.status.starts_with("warning_") && self.status != "prevented"
    }
}

/// Reads a list of events.
///
/// # Errors
///
/// When it is none.
pub(super) fn listed(body: &[u8], installation: &str) -> Result<NoticePage, PaymentError> {
    let unreadable = |error: serde_json::Error| PaymentError::Unreadable(error.to_string());
    let list: List<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    let mut notices = Vec::with_capacity(list.data.len());
    for event in list.data {
        let Listed { id } = serde_json::from_str(event.get()).map_err(unreadable)?;
        notices.push((id, read(event.get().as_bytes(), installation)));
    }
    let oldest = notices.last().map(|(id, _)| id.clone());
    Ok(NoticePage { notices, next: oldest.filter(|_| list.has_more) })
}

/// Reads an event whose signature fits.
///
/// # Errors
///
/// When it can't be read, or does not fit what was ordered.
pub(super) fn read(body: &[u8], installation: &str) -> Result<Notice, NoticeError> {
    let event: Event<'_> = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let Data { object } = event.data;
    let kind = event.kind.as_str();
    if has_metadata(kind) {
        let metadata = read_as::<Whose>(object)?.metadata.unwrap_or_default();
        if metadata.terms(installation).map_err(NoticeError::Mismatch)?.is_none() {
            return Ok(FOREIGN);
        }
    }
    match kind {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            paid(read_as::<Session>(object)?.payment(installation))
        }
        "checkout.session.async_payment_failed" => session_failed(read_as(object)?, installation),
        "payment_intent.succeeded" => paid(read_as::<Intent>(object)?.payment(installation)),
        "payment_intent.payment_failed" => intent_failed(read_as(object)?, installation),
        "charge.refunded" | "charge.refund.updated" | "refund.updated" | "refund.failed" => {
            let of: OfPayment = read_as(object)?;
            if of.currency.as_deref().is_some_and(|it| it != "usd") {
                return Ok(Notice::Nothing("a refund in another currency than ours"));
            }
            Ok(of.payment_intent.map_or(FOREIGN, |it| Notice::Refunded(it.id().to_owned())))
        }
        "charge.dispute.created" => {
            let dispute: StripeDispute = read_as(object)?;
            if !dispute.takes() {
                return Ok(Notice::Nothing("an inquiry, or a dispute that was prevented"));
            }
            Ok(disputed(dispute, false))
        }
        "charge.dispute.funds_withdrawn" => Ok(disputed(read_as(object)?, false)),
        "charge.dispute.funds_reinstated" => Ok(disputed(read_as(object)?, true)),
        _ => Ok(Notice::Nothing("not a kind of event that moves credit")),
    }
}

/// Whether an object of this kind of event says itself whose it is. Refunds and disputes don't have
/// their payment's metadata.
fn has_metadata(kind: &str) -> bool {
    let of_payment = ["charge.dispute.", "charge.refund.", "refund."];
    KINDS.contains(&kind) && !of_payment.iter().any(|it| kind.starts_with(it))
}

fn paid(payment: Result<Option<Payment>, String>) -> Result<Notice, NoticeError> {
    Ok(match payment.map_err(NoticeError::Mismatch)? {
        Some(payment) => Notice::Paid(payment),
        None => Notice::Nothing("not paid yet, or not an order of this installation"),
    })
}

const FOREIGN: Notice = Notice::Nothing("not an order of this installation");

fn session_failed(session: Session, installation: &str) -> Result<Notice, NoticeError> {
    let terms = session.metadata.terms(installation).map_err(NoticeError::Mismatch)?;
    let Some(terms) = terms else { return Ok(FOREIGN) };
    Ok(Notice::Failed(Failure {
        id: session.payment_intent.map(|it| it.id().to_owned()),
        account: terms.account,
        purpose: terms.purpose,
        reason: "async_payment_failed".to_owned(),
    }))
}

fn intent_failed(intent: Intent, installation: &str) -> Result<Notice, NoticeError> {
    let terms = intent.metadata.terms(installation).map_err(NoticeError::Mismatch)?;
    let Some(terms) = terms else { return Ok(FOREIGN) };
    Ok(Notice::Failed(Failure {
        id: Some(intent.id),
        account: terms.account,
        purpose: terms.purpose,
        reason: intent.last_payment_error.map_or_else(|| "declined".to_owned(), Failed::reason),
    }))
}

/// A dispute does not have its payment's metadata.
fn disputed(dispute: StripeDispute, is_returned: bool) -> Notice {
    if dispute.currency != "usd" {
        return Notice::Nothing("a dispute in another currency than ours");
    }
    let Some(payment) = dispute.payment_intent else {
        return Notice::Nothing("a dispute of no PaymentIntent");
    };
    let Ok(amount) = u32::try_from(dispute.amount) else {
        return Notice::Nothing("a dispute of more than any order of ours");
    };
    Notice::Disputed(Dispute {
        id: dispute.id,
        payment: payment.id().to_owned(),
        amount: Cents::new(amount),
        is_returned,
    })
}

fn read_as<T: DeserializeOwned>(raw: &RawValue) -> Result<T, NoticeError> {
    serde_json::from_str(raw.get()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> NoticeError {
    NoticeError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests;

//! Stripe's events, and what they mean: <https://docs.stripe.com/api/events/types>.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::NAME;
use super::metadata::Metadata;
use super::object::{Failed, Intent, Reference, Session};
use crate::{
    Cents, Dispute, Failure, Notice, NoticeError, NoticePage, Payment, PaymentError, Reversal,
};

/// Those that are acted on.
pub(super) const KINDS: [&str; 9] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
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
    /// What the members were before that have changed.
    #[serde(borrow)]
    previous_attributes: Option<&'a RawValue>,
}

/// <https://docs.stripe.com/api/charges/object>
#[derive(Debug, Deserialize)]
struct Charge {
    id: String,
    amount_refunded: u32,
    currency: Option<String>,
    payment_intent: Option<Reference>,
    #[serde(default)]
    metadata: Metadata,
}

/// What says whose an object is. All else of those of others is theirs: amounts in small coins of
/// other currencies don't even fit.
#[derive(Debug, Deserialize)]
struct Whose {
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct ChargeBefore {
    amount_refunded: u32,
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
    let Data { object, previous_attributes } = event.data;
    let kind = event.kind.as_str();
    if KINDS.contains(&kind) && !kind.starts_with("charge.dispute.") {
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
        "charge.refunded" => refunded(read_as(object)?, previous_attributes, installation),
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

/// A charge says how much of it has gone back in all, and the event what that was before: between
/// them is what this refund gave back, whatever order they come in.
fn refunded(
    charge: Charge,
    before: Option<&RawValue>,
    installation: &str,
) -> Result<Notice, NoticeError> {
    let terms = charge.metadata.terms(installation).map_err(NoticeError::Mismatch)?;
    let Some(terms) = terms else { return Ok(FOREIGN) };
    if charge.currency.as_deref().is_some_and(|it| it != "usd") {
        return Ok(Notice::Nothing("a refund in another currency than ours"));
    }
    let id = &charge.id;
    let Some(before) = before else {
        return Err(NoticeError::Unreadable(format!("{id} does not say what was refunded before")));
    };
    let (start, end) = (read_as::<ChargeBefore>(before)?.amount_refunded, charge.amount_refunded);
    let total = terms.credit.checked_add(terms.fee).unwrap_or_default();
    if start >= end || Cents::new(end) > total {
        return Err(NoticeError::Mismatch(format!("{id} was refunded from {start} to {end}")));
    }
    let Some(payment) = charge.payment_intent else {
        return Err(NoticeError::Mismatch(format!("{id} belongs to no PaymentIntent")));
    };
    Ok(Notice::Reversed(Reversal {
        provider: NAME,
        id: format!("{id}/refund/{start}-{end}"),
        payment: payment.id().to_owned(),
        account: terms.account,
        credit: terms.credit,
        amount: Cents::new(end).less(Cents::new(start)),
        note: "refunded",
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
        provider: NAME,
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
